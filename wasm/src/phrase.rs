//! The sentences that the logic itself asks for, each by its key in the locales. Sentences about a
//! fault have their keys from [`crate::fault`], and a page's fixed texts are named in its HTML.

use crate::names::names;

names! {
    /// A sentence in the user's language.
    Phrase {
        /// `$1`: the name that was asked for.
        AskTitle = "ask_title",
        /// Without a name.
        AskTitleAny = "ask_title_any",
        /// `$1`: the name.
        PairedAlready = "paired_already",
        /// `$1` of `$2` characters are typed.
        TypedSymbols = "typed_symbols",
        /// `$1` of `$2` words are typed.
        TypedWords = "typed_words",
        /// `$1`: the group that is wrong.
        TypedGroup = "typed_group",
        /// `$1`: the word that is wrong.
        TypedWord = "typed_word",
        /// More than a code has.
        TypedLong = "typed_long",
        /// Wrong somewhere.
        TypedCheck = "typed_check",
        /// Complete and right.
        TypedRight = "typed_right",
        /// While the camera sees no code.
        ScanNothing = "scan_nothing",
        /// While a picture is read.
        StepReading = "step_reading",
        /// The first step of a pairing.
        StepLooking = "step_looking",
        /// The second.
        StepConnecting = "step_connecting",
        /// The third.
        StepProving = "step_proving",
        /// `$1`: the name that a referee may vouch for.
        VouchingTitle = "vouching_title",
        /// What is looked at then.
        VouchingText = "vouching_text",
        /// `$1`: the name that a referee vouches for.
        DoneVouched = "done_vouched",
        /// `$1`: the referee that hands a name over.
        HandoverTitle = "handover_title",
        /// `$1`: the referee that is asked.
        HandoverAsking = "handover_asking",
        /// `$1`: the name, `$2`: the referee.
        HandedOver = "handed_over",
        /// `$1`: the name that may open without pairing.
        UnverifiedTitle = "unverified_title",
        /// `$1`: the name; what opening it so means.
        UnverifiedText = "unverified_text",
        /// `$1`: the name that opens so.
        NotVerified = "not_verified",
        /// `$1`: the name that opens so no more.
        UndoUnverified = "undo_unverified",
        /// `$1`: the name.
        LogUnverifiedAdded = "log_unverified_added",
        /// `$1`: the name.
        LogUnverifiedRemoved = "log_unverified_removed",
        /// The headline where a certificate is asked for.
        ImportTitle = "import_title",
        /// What was typed is no local name.
        ImportNameBad = "import_name_bad",
        /// What was typed is neither a certificate nor a fingerprint.
        ImportBad = "import_bad",
        /// What was typed is a fingerprint that can be forged.
        ImportSha1 = "import_sha1",
        /// What was typed is no address.
        ImportPlaceBad = "import_place_bad",
        /// The question about a certificate.
        ImportDecisionTitle = "import_decision_title",
        /// All that an authority issues.
        KindAuthority = "kind_authority",
        /// One certificate.
        KindCertificate = "kind_certificate",
        /// `$1`: the name that it is trusted for.
        ImportScope = "import_scope",
        /// `$1`: the name that was imported.
        DoneImported = "done_imported",
        /// The question.
        DecisionTitle = "decision_title",
        /// A device.
        KindDevice = "kind_device",
        /// A referee.
        KindReferee = "kind_referee",
        /// `$1`: the name it would open under.
        ScopeDevice = "scope_device",
        /// What trusting a referee covers.
        ScopeReferee = "scope_referee",
        /// The role `admin`.
        RoleAdmin = "role_admin",
        /// The role `guest`.
        RoleGuest = "role_guest",
        /// Of a device that was imported.
        RoleImported = "role_imported",
        /// `$1`: the referee that vouches for it.
        RoleVouched = "role_vouched",
        /// `$1`: a role that the device made up.
        RoleOther = "role_other",
        /// By a code that dies with this pairing.
        ProofOneTime = "proof_one_time",
        /// By a code printed on the device.
        ProofPrinted = "proof_printed",
        /// The headline of the checks.
        ChecksTitle = "checks_title",
        /// Everything that is needed is in order.
        ChecksWell = "checks_well",
        /// Not everything is known yet.
        ChecksOpen = "checks_open",
        /// `$1`: how many are not in order.
        ChecksAmiss = "checks_amiss",
        /// Settle on this computer.
        CheckHost = "check_host",
        /// The trust store.
        CheckStore = "check_store",
        /// The way of local names.
        CheckProxy = "check_proxy",
        /// The certificates of Settle's proxy.
        CheckBridge = "check_bridge",
        /// Private windows.
        CheckPrivate = "check_private",
        /// The camera.
        CheckCamera = "check_camera",
        /// Not known yet.
        CheckAsking = "check_asking",
        /// Not known while the host is away.
        CheckAfterHost = "check_after_host",
        /// `$1`: the host's version.
        CheckHostWell = "check_host_well",
        /// The host is there, and cannot work yet.
        CheckHostAnswers = "check_host_answers",
        /// The store is open.
        CheckStoreWell = "check_store_well",
        /// Local names go to Settle.
        CheckProxyWell = "check_proxy_well",
        /// The same. `$1`: the user's proxy for other sites.
        CheckProxyServer = "check_proxy_server",
        /// The same, with the user's script for other sites.
        CheckProxyScript = "check_proxy_script",
        /// What to do where the system's proxy is not used.
        CheckProxyReplacedNext = "check_proxy_replaced_next",
        /// The browser takes the proxy's certificates.
        CheckBridgeWell = "check_bridge_well",
        /// The extension works in private windows.
        CheckPrivateWell = "check_private_well",
        /// It does not.
        CheckPrivateNot = "check_private_not",
        /// How to allow it.
        CheckPrivateNext = "check_private_next",
        /// The camera can be used.
        CheckCameraWell = "check_camera_well",
        /// It was not tried.
        CheckCameraOpen = "check_camera_open",
        /// `$1`: the device's name.
        InviteTitle = "invite_title",
        /// `$1`: the device's name.
        InviteAsking = "invite_asking",
        /// Of a code that gives the role `admin`.
        InvitedAdmin = "invited_admin",
        /// Of a code that gives the role `guest`.
        InvitedGuest = "invited_guest",
        /// `$1`: the maker, `$2`: the serial number.
        MadeBy = "made_by",
        /// What the device says of its maker does not hold. `$1`: the maker.
        MakerWarning = "maker_warning",
        /// It is out of its time.
        MakerExpired = "maker_expired",
        /// The device shows another's certificate.
        MakerNotPossessed = "maker_not_possessed",
        /// The maker says it of another device.
        MakerOtherDevice = "maker_other_device",
        /// The user does not believe the maker about such a device.
        MakerOutOfScope = "maker_out_of_scope",
        /// Something about it is forged or malformed.
        MakerBroken = "maker_broken",
        /// `$1`: the address that the chosen name gives.
        PetnameAddress = "petname_address",
        /// The chosen name is no label.
        PetnameBad = "petname_bad",
        /// The chosen name is another device's.
        PetnameTaken = "petname_taken",
        /// `$1`: the device's name.
        DonePaired = "done_paired",
        /// `$1`: the address that opens now.
        DonePairedText = "done_paired_text",
        /// While the bridge is not trusted. `$1`: the address.
        DonePairedHeld = "done_paired_held",
        /// The user refused.
        DoneRefused = "done_refused",
        /// What that means.
        DoneRefusedText = "done_refused_text",
        /// `$1`: the name, here and in all that follow.
        BlockedWrongKey = "blocked_wrong_key",
        /// A new key that the trusted one does not vouch for.
        BlockedRolloverRefused = "blocked_rollover_refused",
        /// Another certificate than the imported one answers.
        BlockedWrongCertificate = "blocked_wrong_certificate",
        /// A certificate that breaks a rule.
        BlockedBrokenRule = "blocked_broken_rule",
        /// Nothing answers.
        BlockedUnreachable = "blocked_unreachable",
        /// A certificate's time is over.
        BlockedExpired = "blocked_expired",
        /// The device does not know us.
        BlockedNotAdmitted = "blocked_not_admitted",
        /// Another site asked.
        BlockedCrossSite = "blocked_cross_site",
        /// The host cannot check.
        BlockedHostAway = "blocked_host_away",
        /// The reason is not known any more.
        BlockedUnknown = "blocked_unknown",
        /// What that means.
        BlockedWrongKeyText = "blocked_wrong_key_text",
        /// What that means.
        BlockedRolloverRefusedText = "blocked_rollover_refused_text",
        /// What that means.
        BlockedWrongCertificateText = "blocked_wrong_certificate_text",
        /// What that means.
        BlockedBrokenRuleText = "blocked_broken_rule_text",
        /// What that means.
        BlockedUnreachableText = "blocked_unreachable_text",
        /// What that means.
        BlockedExpiredText = "blocked_expired_text",
        /// What that means.
        BlockedNotAdmittedText = "blocked_not_admitted_text",
        /// What that means. `$2`: the site that asked.
        BlockedCrossSiteText = "blocked_cross_site_text",
        /// The same, where the browser did not name the site.
        BlockedUnnamedSiteText = "blocked_unnamed_site_text",
        /// What that means.
        BlockedHostAwayText = "blocked_host_away_text",
        /// What that means.
        BlockedUnknownText = "blocked_unknown_text",
        /// What to do.
        BlockedWrongKeyNext = "blocked_wrong_key_next",
        /// What to do.
        BlockedRolloverRefusedNext = "blocked_rollover_refused_next",
        /// What to do.
        BlockedWrongCertificateNext = "blocked_wrong_certificate_next",
        /// What to do.
        BlockedBrokenRuleNext = "blocked_broken_rule_next",
        /// What to do.
        BlockedUnreachableNext = "blocked_unreachable_next",
        /// What to do.
        BlockedExpiredNext = "blocked_expired_next",
        /// What to do.
        BlockedNotAdmittedNext = "blocked_not_admitted_next",
        /// What to do.
        BlockedCrossSiteNext = "blocked_cross_site_next",
        /// What to do.
        BlockedHostAwayNext = "blocked_host_away_next",
        /// What to do.
        BlockedUnknownNext = "blocked_unknown_next",
        /// In the place of a key that was not shown.
        SeenNothing = "seen_nothing",
        /// The daemon answers.
        LinkReady = "link_ready",
        /// It is asked.
        LinkConnecting = "link_connecting",
        /// It is away.
        LinkDown = "link_down",
        /// Other sites' proxy could not be kept.
        ProxyReplaced = "proxy_replaced",
        /// The device has not recorded the pairing yet.
        StatePending = "state_pending",
        /// The device's new key could not be stored yet.
        StateRolloverUnstored = "state_rollover_unstored",
        /// `$1`: the name of the device that would be forgotten.
        ForgetQuestion = "forget_question",
        /// The way from a wrong key.
        PairAnew = "pair_anew",
        /// What happens on it.
        PairAnewText = "pair_anew_text",
        /// Its last step.
        ForgetAndPair = "forget_and_pair",
        /// The way from a wrong certificate.
        ImportAnew = "import_anew",
        /// What happens on it.
        ImportAnewText = "import_anew_text",
        /// Its last step.
        ForgetAndImport = "forget_and_import",
        /// The headline of the manager's list.
        ManageDevices = "manage_devices",
        /// The headline of the audit log.
        ManageLog = "manage_log",
        /// The headline of the list of makers.
        ManageMakers = "manage_makers",
        /// The headline of backups.
        ManageBackup = "manage_backup",
        /// `$1`: the number of devices in it.
        BackupMade = "backup_made",
        /// The two that were typed are not the same.
        PassphraseDiffers = "passphrase_differs",
        /// A device that would be trusted.
        RestoredNew = "restored_new",
        /// A device that is trusted already.
        RestoredKept = "restored_kept",
        /// A device whose name is another's.
        RestoredTaken = "restored_taken",
        /// `$1`: the number of devices.
        RestoreDone = "restore_done",
        /// In the place of a time.
        NeverVerified = "never_verified",
        /// By a certificate that a referee issued.
        ProofVouched = "proof_vouched",
        /// By a certificate or a fingerprint that the user imported.
        ProofImported = "proof_imported",
        /// `$1`: the new name.
        UndoRenamed = "undo_renamed",
        /// `$1`: the site, `$2`: the device.
        SiteAsked = "site_asked",
        /// Likewise; it was let in for ten minutes.
        SitePassed = "site_passed",
        /// Likewise; it was let in for good.
        SiteAllowed = "site_allowed",
        /// What was typed is no address of a site.
        OriginBad = "origin_bad",
        /// `$1`: the site.
        UndoAllowed = "undo_allowed",
        /// `$1`: the site.
        UndoDenied = "undo_denied",
        /// `$1`: the number of lines.
        LogVerified = "log_verified",
        /// `$1`: how often.
        LogTimes = "log_times",
        /// `$1`: the device, here and in all that follow. `$2`: the role.
        LogPaired = "log_paired",
        /// A certificate authority was imported.
        LogImportedAuthority = "log_imported_authority",
        /// A certificate was imported.
        LogImportedCertificate = "log_imported_certificate",
        /// The device recorded the pairing.
        LogRecorded = "log_recorded",
        /// The trust ended.
        LogRevoked = "log_revoked",
        /// The device had not recorded the pairing.
        LogDropped = "log_dropped",
        /// `$2`: the new name.
        LogRenamed = "log_renamed",
        /// `$2`: the site.
        LogOriginAllowed = "log_origin_allowed",
        /// `$2`: the site.
        LogOriginPassed = "log_origin_passed",
        /// `$2`: the site.
        LogOriginDenied = "log_origin_denied",
        /// `$2`: the maker.
        LogMakerSaid = "log_maker_said",
        /// `$2`: the maker.
        LogMakerDenied = "log_maker_denied",
        /// `$1`: the maker.
        LogMakerAdded = "log_maker_added",
        /// `$1`: the maker.
        LogMakerRemoved = "log_maker_removed",
        /// `$1`: the number of devices.
        LogBackupMade = "log_backup_made",
        /// Out of a backup.
        LogRestored = "log_restored",
        /// A device's new key took the place of the former.
        LogRolledOver = "log_rolled_over",
        /// What a referee vouched for.
        LogVouched = "log_vouched",
        /// What it vouches for no more, or what it may not vouch for any more.
        LogVouchedNoMore = "log_vouched_no_more",
        /// A referee's new root.
        LogAuthorityRolledOver = "log_authority_rolled_over",
        /// It could not be stored.
        LogRolloverNotStored = "log_rollover_not_stored",
        /// The store's key was moved.
        LogKeyToKeyring = "log_key_to_keyring",
        /// The store's key was moved.
        LogKeyToPassphrase = "log_key_to_passphrase",
        /// A bridge authority was made.
        LogBridgeMade = "log_bridge_made",
        /// The next one was made.
        LogBridgePrepared = "log_bridge_prepared",
        /// The next one signs.
        LogBridgeReplaced = "log_bridge_replaced",
        /// Its key was destroyed.
        LogBridgeDestroyed = "log_bridge_destroyed",
        /// The log began anew.
        LogWasDamaged = "log_was_damaged",
    }
}
