"""Certificates and names of docs/pairing.md §4 and §6: what both sides make, and what a host checks of a device's."""

import datetime
import hashlib
import ipaddress

import codes
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BEGINNING = datetime.datetime(1970, 1, 1)
NO_END = datetime.datetime(9999, 12, 31, 23, 59, 59)
SHA256 = hashes.SHA256()


def make_key():
    return ec.generate_private_key(ec.SECP256R1())


def fingerprint(owner):
    """SHA-256 of the public key of a certificate or of a private key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = owner.public_key().public_bytes(serialization.Encoding.DER, form)
    return hashlib.sha256(key).digest()


def octets(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def unique_name(label, root_fingerprint):
    part = codes.base32(root_fingerprint[:10]).lower()
    return f"{label[: 63 - 1 - len(part)]}-{part}.local"


def make_host(key):
    """What a host shows one device."""
    name = _named("second")
    return _begin(name, name, key).sign(key, SHA256)


def make_root(key, label):
    """A device's root. Its own names are permitted, no address is."""
    subject = _named(f"{label} root")
    names = [f"{label}.local", unique_name(label, fingerprint(key))]
    everywhere = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    constraints = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(name) for name in names],
        excluded_subtrees=[x509.IPAddress(network) for network in everywhere],
    )
    signing = dict.fromkeys(
        "digital_signature content_commitment key_encipherment data_encipherment "
        "key_agreement encipher_only decipher_only".split(),
        False,
    )
    return (
        _begin(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **signing), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256)
    )


def make_leaf(root, root_key, key, names):
    end = datetime.datetime.utcnow() + datetime.timedelta(days=30)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    server = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _begin(x509.Name([]), root.subject, key, end)
        .add_extension(alternatives, critical=True)
        .add_extension(server, critical=False)
        .sign(root_key, SHA256)
    )


def check_issued(leaf, root):
    """That the root issued the leaf; the signature raises where it is not the root's."""
    if leaf.issuer != root.subject:
        raise ValueError("issued by somebody else")
    signed = (leaf.signature, leaf.tbs_certificate_bytes)
    root.public_key().verify(*signed, ec.ECDSA(leaf.signature_hash_algorithm))


def check_links(root, halves):
    """§10.2: that each link leads from one root key to the next, the last one to `root`. Returns the fingerprints of
    the keys from which links lead there, the first root's last."""
    subject, constraints, former = root.subject, constraints_of(root), []
    newer = root
    for new_with_old, old_with_new in zip(halves[::2], halves[1::2], strict=True):
        if fingerprint(new_with_old) != fingerprint(newer):
            raise ValueError("a link to another key")
        check_issued(new_with_old, old_with_new)
        check_issued(old_with_new, newer)
        for half in (new_with_old, old_with_new):
            basic = half.extensions.get_extension_for_class(x509.BasicConstraints)
            if (half.subject, constraints_of(half)) != (subject, constraints):
                raise ValueError("a link of another device")
            if (basic.critical, basic.value.ca, basic.value.path_length) != (True, True, 0):
                raise ValueError("a link that is no authority of its path length")
        former.append(fingerprint(old_with_new))
        newer = old_with_new
    return former


def constraints_of(certificate):
    found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    if not found.critical:
        raise ValueError("name constraints that may be ignored")
    return found.value


def names_of(leaf):
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def _named(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _begin(subject, issuer, key, end=NO_END):
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=BEGINNING,
        not_valid_after=end,
    )
