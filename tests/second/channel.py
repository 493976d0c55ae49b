"""TLS 1.3 by OpenSSL for either side of docs/pairing.md §4, and the frames of §5.3 on it."""

import ctypes
import socket

from OpenSSL import SSL, crypto

ALPN = b"settle-pair/1"
LONGEST = 16384


class Channel:
    """A connection whose handshake is done."""

    def __init__(self, connection):
        connection.do_handshake()
        self.connection = connection

    def exporter(self):
        return self.connection.export_keying_material(b"EXPORTER-Channel-Binding", 32)

    def certificates(self):
        """Those of a server, its own first."""
        return [shown.to_cryptography() for shown in self.connection.get_peer_cert_chain()]

    def certificate(self):
        return self.connection.get_peer_certificate().to_cryptography()

    def send(self, item):
        self.connection.sendall(len(item).to_bytes(4, "big") + item)

    def receive(self):
        length = int.from_bytes(self._exactly(4), "big")
        if length > LONGEST:
            raise ValueError("the frame is too long")
        return self._exactly(length)

    def read_all(self):
        """What comes until the other side ends."""
        parts = []
        try:
            while True:
                parts.append(self.connection.recv(4096))
        except SSL.ZeroReturnError:
            return b"".join(parts)

    def close(self):
        self.connection.shutdown()
        self.connection.close()

    def _exactly(self, length):
        octets = b""
        while len(octets) < length:
            octets += self.connection.recv(length - len(octets))
        return octets


def connect(address, context, server_name=None):
    connection = SSL.Connection(context, socket.create_connection(address))
    connection.set_connect_state()
    if server_name:
        connection.set_tlsext_host_name(server_name)
    return Channel(connection)


def context_of_host(key, certificate, anchor=None):
    """Whoever answers is taken when pairing, and afterwards who is below the anchor. OpenSSL verifies the signature
    in the handshake (RFC 8446 §4.4.3) either way."""
    context = _context(SSL.TLS_CLIENT_METHOD, key, [certificate])
    if anchor is None:
        context.set_alpn_protos([ALPN])
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    else:
        context.set_alpn_protos([b"http/1.1"])
        context.get_cert_store().add_cert(crypto.X509.from_cryptography(anchor))
        context.set_verify(SSL.VERIFY_PEER, lambda *judged: bool(judged[-1]))
    return context


def context_of_device(key, chain):
    """Every client has to show a certificate; which keys are on the list, the caller looks up."""
    context = _context(SSL.TLS_SERVER_METHOD, key, chain)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    offered = (ALPN, b"http/1.1")
    context.set_alpn_select_callback(
        lambda _, wanted: next((name for name in offered if name in wanted), SSL.NO_OVERLAPPING_PROTOCOLS)
    )
    # No tickets. pyOpenSSL has no name for this.
    pointer = int(SSL._ffi.cast("intptr_t", context._context))
    ctypes.CDLL("libssl.so.3").SSL_CTX_set_num_tickets(ctypes.c_void_p(pointer), ctypes.c_size_t(0))
    return context


def _context(method, key, chain):
    context = SSL.Context(method)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.use_privatekey(crypto.PKey.from_cryptography_key(key))
    first, *others = map(crypto.X509.from_cryptography, chain)
    context.use_certificate(first)
    for other in others:
        context.add_extra_chain_cert(other)
    return context
