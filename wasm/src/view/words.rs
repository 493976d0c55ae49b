//! The words that views and the HTML pages share: screens, places, parts, buttons, fields and lists. A test holds them
//! against the shipped pages.

use crate::names::names;

names! {
    /// The screens, one visible at a time.
    #[derive(Default)]
    Screen {
        /// A code is asked for; what went wrong with the last one is told here too.
        #[default]
        Ask = "ask",
        /// The camera looks for a code.
        Scan = "scan",
        /// Something takes its time.
        Working = "working",
        /// Whether a referee vouches for the name is looked at.
        Vouching = "vouching",
        /// A certificate or a fingerprint is asked for.
        Import = "import",
        /// Whether a name is to open without pairing is asked.
        Unverified = "unverified",
        /// The user decides.
        Decision = "decision",
        /// It is over, well or by the user's refusal.
        Done = "done",
        /// The way to a device was blocked.
        Blocked = "blocked",
        /// What is paired.
        Overview = "overview",
        /// One paired device.
        Device = "device",
        /// The audit log.
        Log = "log",
        /// Backups.
        Backup = "backup",
        /// The list of makers.
        Makers = "makers",
        /// What has to be in order for local pages to open.
        Checks = "checks",
        /// Another computer is let in to a device.
        Invite = "invite",
        /// A name is handed over to a server by a referee.
        Handover = "handover",
    }
}

names! {
    /// Places that hold a text; one without a text is hidden.
    Slot {
        /// What stands in the way altogether.
        Trouble = "trouble",
        /// What to do about it.
        TroubleNext = "trouble_next",
        /// The command to run.
        Command = "command",
        /// The headline of the first screen.
        AskTitle = "ask_title",
        /// A way that is open already.
        Paired = "paired",
        /// What went wrong.
        ErrorText = "error_text",
        /// What to do about it.
        ErrorNext = "error_next",
        /// How the code stands that is being typed.
        Typed = "typed",
        /// A picture is being read.
        Reading = "reading",
        /// What the camera sees, where that is no code to go on with.
        ScanSaid = "scan_said",
        /// The step under way, told to screen readers as it changes.
        Step = "step",
        /// The headline while a referee may vouch for a name.
        VouchingTitle = "vouching_title",
        /// What is looked at then.
        VouchingText = "vouching_text",
        /// The headline where a name is handed over.
        HandoverTitle = "handover_title",
        /// What is wrong with the name for it.
        HandedNameProblem = "handed_name_problem",
        /// That the referee is asked.
        HandoverAsking = "handover_asking",
        /// Which name was handed over.
        HandedOver = "handed_over",
        /// The certificate that the server has to trust.
        HandedRoot = "handed_root",
        /// Who takes some lines.
        Taker = "taker",
        /// The lines.
        Lines = "lines",
        /// The question whether a name is to open without pairing.
        UnverifiedTitle = "unverified_title",
        /// What that means.
        UnverifiedText = "unverified_text",
        /// That a page is not verified.
        NotVerified = "not_verified",
        /// Since when a name opens so.
        Since = "since",
        /// The headline where a certificate is asked for.
        ImportTitle = "import_title",
        /// What is wrong with the name for it.
        ImportNameProblem = "import_name_problem",
        /// What is wrong with what was given for a certificate.
        ImportSourceProblem = "import_source_problem",
        /// What is wrong with the address for it.
        ImportPlaceProblem = "import_place_problem",
        /// The question of the decision.
        DecisionTitle = "decision_title",
        /// The device's own label.
        Label = "label",
        /// Device or referee.
        Kind = "kind",
        /// The name that is the device's alone.
        UniqueName = "unique_name",
        /// The fingerprint, or its beginning, in groups.
        Fingerprint = "fingerprint",
        /// The same in words.
        FingerprintWords = "fingerprint_words",
        /// The same as a picture.
        FingerprintPicture = "fingerprint_picture",
        /// The fingerprint of what a referee issues under, in groups.
        Authority = "authority",
        /// The same in words.
        AuthorityWords = "authority_words",
        /// The same as a picture.
        AuthorityPicture = "authority_picture",
        /// What trusting it covers.
        Scope = "scope",
        /// What the device lets us do.
        Role = "role",
        /// How the device was proved.
        Proof = "proof",
        /// Who made the device, where that holds.
        MadeBy = "made_by",
        /// That what it says of its maker does not hold.
        MakerWarning = "maker_warning",
        /// Why not.
        MakerReason = "maker_reason",
        /// The address that the chosen name gives.
        PetnameAddress = "petname_address",
        /// What is wrong with the chosen name.
        PetnameProblem = "petname_problem",
        /// The headline of the end.
        DoneTitle = "done_title",
        /// What the end means.
        DoneText = "done_text",
        /// The headline of a blocked page.
        BlockedTitle = "blocked_title",
        /// Why it was blocked.
        BlockedText = "blocked_text",
        /// What to do about it.
        BlockedNext = "blocked_next",
        /// The key that is trusted.
        Expected = "expected",
        /// The key that was seen.
        Seen = "seen",
        /// The state of the connection, in one line.
        Link = "link",
        /// Which site asked for which device.
        AskedFor = "asked_for",
        /// What became of it.
        AskedDone = "asked_done",
        /// What became of other sites' proxy.
        Proxy = "proxy",
        /// A device's name in a list.
        Name = "name",
        /// A device's state in a list, where it is not the usual one.
        State = "state",
        /// The question before a device is forgotten.
        ForgetQuestion = "forget_question",
        /// What forgetting it is the way to.
        ForgetWay = "forget_way",
        /// What happens then.
        ForgetText = "forget_text",
        /// What the user does.
        ForgetDo = "forget_do",
        /// The headline of the manager's list.
        ManageTitle = "manage_title",
        /// The name of the device that is shown.
        DeviceTitle = "device_title",
        /// When a device was trusted.
        PairedAt = "paired_at",
        /// When it was reached last.
        VerifiedAt = "verified_at",
        /// The headline of the checks.
        ChecksTitle = "checks_title",
        /// How they are, altogether.
        ChecksSummary = "checks_summary",
        /// What is checked.
        Check = "check",
        /// How it is.
        CheckSaid = "check_said",
        /// What to do about it.
        CheckNext = "check_next",
        /// The headline where another computer is let in.
        InviteTitle = "invite_title",
        /// The device is asked for a code.
        InviteAsking = "invite_asking",
        /// What the other computer may do.
        InvitedAs = "invited_as",
        /// When a code ends.
        ExpiresAt = "expires_at",
        /// The whole code.
        Code = "code",
        /// The code to be typed.
        CodeTyped = "code_typed",
        /// The code in words.
        CodeWords = "code_words",
        /// What is wrong with a site that was typed.
        OriginProblem = "origin_problem",
        /// Another site in a list.
        Origin = "origin",
        /// What was done, and can be taken back.
        Undo = "undo",
        /// The headline of the list of makers.
        MakersTitle = "makers_title",
        /// The fingerprint of the certificate that was chosen.
        MakerFingerprint = "maker_fingerprint",
        /// What a maker is believed about, in a list.
        SerialNumbers = "serial_numbers",
        /// The headline of backups.
        BackupTitle = "backup_title",
        /// What became of a backup.
        BackupDone = "backup_done",
        /// What is wrong with a new passphrase.
        PassphraseProblem = "passphrase_problem",
        /// The headline of the audit log.
        LogTitle = "log_title",
        /// That the log holds.
        LogVerified = "log_verified",
        /// Why it does not.
        LogDamage = "log_damage",
        /// When a line of the log was written.
        At = "at",
        /// What it tells.
        Happened = "happened",
        /// How often that happened.
        Times = "times",
    }
}

names! {
    /// Parts that are there only at times.
    Part {
        /// What stands in the way altogether.
        Trouble = "trouble",
        /// The command of it.
        Command = "command",
        /// What went wrong.
        Error = "error",
        /// The way to open what is paired already.
        CanOpen = "can_open",
        /// Consent is possible: the name is good, and nothing is under way.
        CanTrust = "can_trust",
        /// What was typed can be read as a certificate or a fingerprint.
        CanImport = "can_import",
        /// Refusal is possible.
        CanRefuse = "can_refuse",
        /// The device's maker has spoken for it.
        Made = "made",
        /// What the device says of its maker does not hold.
        NotMade = "not_made",
        /// The same can be tried again.
        CanRetry = "can_retry",
        /// Another code can be given.
        CanAsk = "can_ask",
        /// The two fingerprints of a blocked page.
        Keys = "keys",
        /// The way to forget a device's key and pair it anew.
        CanForget = "can_forget",
        /// That way was chosen and waits for a confirmation.
        Forgetting = "forgetting",
        /// The way to pair again.
        CanPair = "can_pair",
        /// Other sites asked for devices.
        Asked = "asked",
        /// The list has something in it.
        Some = "some",
        /// The list has nothing in it.
        Nothing = "nothing",
        /// The list has something in it, and nothing that is looked for.
        NoMatch = "no_match",
        /// The list of devices, or one of them, is shown.
        AtDevices = "at_devices",
        /// The audit log is shown.
        AtLog = "at_log",
        /// The list of makers is shown.
        AtMakers = "at_makers",
        /// It has nothing in it.
        NoMakers = "no_makers",
        /// The certificate of another one was chosen.
        MakerChosen = "maker_chosen",
        /// It can be put on the list.
        CanAddMaker = "can_add_maker",
        /// Backups are shown.
        AtBackup = "at_backup",
        /// A backup was made or restored.
        BackupDone = "backup_done",
        /// One can be made.
        CanBackup = "can_backup",
        /// The chosen one can be opened.
        CanRestore = "can_restore",
        /// One is to be chosen.
        Choosing = "choosing",
        /// What is in one is to be decided on.
        Restoring = "restoring",
        /// The device can be given the name that was typed.
        CanRename = "can_rename",
        /// The site that was typed can be allowed.
        CanAllow = "can_allow",
        /// The checks are shown.
        AtChecks = "at_checks",
        /// One is in order.
        CheckWell = "check_well",
        /// One is not.
        CheckAmiss = "check_amiss",
        /// One is for the user to decide.
        CheckNote = "check_note",
        /// One is not known yet.
        CheckOpen = "check_open",
        /// The camera can be tried.
        CanTryCamera = "can_try_camera",
        /// Another computer can be let in to the device.
        MayInvite = "may_invite",
        /// What it may do is to be chosen.
        Inviting = "inviting",
        /// The device can be asked for a code.
        CanInvite = "can_invite",
        /// The code is there.
        Invited = "invited",
        /// The referee may hand names over.
        MayHandOver = "may_hand_over",
        /// The name and what the server speaks are to be given.
        Handing = "handing",
        /// The name can be handed over.
        CanHandOver = "can_hand_over",
        /// It was.
        HandedOver = "handed_over",
        /// A name may open without pairing.
        MayOpenUnverified = "may_open_unverified",
        /// It can be opened so now.
        CanOpenUnverified = "can_open_unverified",
        /// Names open so.
        SomeUnverified = "some_unverified",
        /// The device has a key or a certificate of its own.
        HasFingerprint = "has_fingerprint",
        /// A referee issues under a key of its own.
        HasAuthority = "has_authority",
        /// A referee vouches for it.
        HasVoucher = "has_voucher",
        /// The device that is shown is a referee.
        IsReferee = "is_referee",
        /// It has vouched for nothing yet.
        NothingVouched = "nothing_vouched",
        /// The name that is trusted is the user's own choice.
        HasPetname = "has_petname",
        /// The device had other keys before.
        HasFormer = "has_former",
        /// What was done can be taken back.
        CanUndo = "can_undo",
        /// The audit log does not hold.
        LogDamaged = "log_damaged",
        /// It can be written to a file.
        CanExport = "can_export",
        /// It has older lines.
        CanOlder = "can_older",
    }
}

names! {
    /// States that style sheets and tests look at, each an attribute `data-<word>`.
    Mark {
        /// The word of the fault that stands in the way.
        Trouble = "trouble",
        /// The word of the fault that is shown.
        Error = "error",
        /// The reason of a blocked page.
        Reason = "reason",
        /// The step of a pairing.
        Progress = "progress",
        /// How it ended.
        Outcome = "outcome",
        /// How the code stands that is being typed.
        Typed = "typed",
        /// Ready, connecting or down.
        Link = "link",
    }
}

names! {
    /// Fields that a user types into.
    Field {
        /// The label chosen for a device.
        Petname = "petname",
        /// The name that a certificate shall be trusted for.
        ImportName = "import_name",
        /// A certificate, or its fingerprint.
        ImportSource = "import_source",
        /// An IP address, with or without a port.
        ImportPlace = "import_place",
        /// A part of a name that is looked for.
        Search = "search",
        /// The order of the list.
        Order = "order",
        /// Another site that may send requests to a device.
        Origin = "origin",
        /// What another computer may do on a device.
        InvitedRole = "invited_role",
        /// A name to hand over.
        HandedName = "handed_name",
        /// What its server speaks.
        HandedBy = "handed_by",
        /// Seals a backup.
        NewPassphrase = "new_passphrase",
        /// The same, to be sure.
        NewPassphraseAgain = "new_passphrase_again",
        /// Opens a backup.
        Passphrase = "passphrase",
        /// The user's name for a maker.
        MakerName = "maker_name",
        /// The serial numbers that it is believed about.
        SerialNumbers = "serial_numbers",
    }
}

names! {
    /// What a button does.
    Action {
        /// Tries the same again.
        Retry = "retry",
        /// Looks for a code with the camera.
        Scan = "scan",
        /// Stops that.
        StopScan = "stop_scan",
        /// Opens the local page.
        Open = "open",
        /// Ends what is under way.
        Cancel = "cancel",
        /// Consents.
        Trust = "trust",
        /// Refuses.
        Refuse = "refuse",
        /// Goes back to the first screen.
        Again = "again",
        /// Asks whether to forget a device.
        Forget = "forget",
        /// Forgets it.
        ForgetConfirm = "forget_confirm",
        /// Does not.
        ForgetCancel = "forget_cancel",
        /// Leads to the pairing page.
        Pair = "pair",
        /// Leads to where certificates are imported.
        Import = "import",
        /// Shows how a name is handed over.
        ShowHandover = "show_handover",
        /// Hands it over.
        HandOver = "hand_over",
        /// Goes back to the referee.
        CloseHandover = "close_handover",
        /// Asks whether a name is to open without pairing.
        AskUnverified = "ask_unverified",
        /// Opens it so.
        OpenUnverified = "open_unverified",
        /// Lets it open so no more.
        RemoveUnverified = "remove_unverified",
        /// Reads what was typed there.
        ReadImport = "read_import",
        /// Leads to the manager.
        Manage = "manage",
        /// Shows the list of devices.
        ShowDevices = "show_devices",
        /// Shows the audit log.
        ShowLog = "show_log",
        /// Shows the list of makers.
        ShowMakers = "show_makers",
        /// Puts one on it.
        AddMaker = "add_maker",
        /// Takes one off it.
        RemoveMaker = "remove_maker",
        /// Does not put the chosen one on it.
        AddCancel = "add_cancel",
        /// Shows backups.
        ShowBackup = "show_backup",
        /// Makes one.
        Backup = "backup",
        /// Opens the chosen one.
        OpenBackup = "open_backup",
        /// Trusts what is in it.
        Restore = "restore",
        /// Does not.
        RestoreCancel = "restore_cancel",
        /// Shows one device.
        Details = "details",
        /// Gives it the name that was typed.
        Rename = "rename",
        /// Shows the checks.
        ShowChecks = "show_checks",
        /// Tries the camera.
        TryCamera = "try_camera",
        /// Shows how another computer is let in.
        ShowInvite = "show_invite",
        /// Asks the device for the code.
        Invite = "invite",
        /// Goes back to the device.
        CloseInvite = "close_invite",
        /// Lets a site that asked send requests for a while.
        PassSite = "pass_site",
        /// Lets it do so for good.
        AllowSite = "allow_site",
        /// Lets the site that was typed send requests to it.
        Allow = "allow",
        /// Lets another site no longer send requests to it.
        Deny = "deny",
        /// Takes the last change back.
        Undo = "undo",
        /// Reads older lines of the log.
        Older = "older",
        /// Writes the log to a file.
        Export = "export",
    }
}

names! {
    /// The lists of the pages.
    List {
        /// What is paired.
        Devices = "devices",
        /// The names that open without pairing.
        Unverified = "unverified",
        /// What is pasted on a server.
        Lines = "lines",
        /// The sites that asked for devices.
        Asked = "asked",
        /// The sites that may send requests to a device.
        Origins = "origins",
        /// What has to be in order.
        Checks = "checks",
        /// What a referee has vouched for.
        Vouched = "vouched",
        /// The referee that vouches for something.
        Vouchers = "vouchers",
        /// The keys that a device had before.
        Former = "former",
        /// What happened with one device.
        History = "history",
        /// The audit log.
        Log = "log",
        /// The list of makers.
        Makers = "makers",
        /// What a backup has in it.
        Restored = "restored",
    }
}
