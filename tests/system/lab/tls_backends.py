"""TLS as backends speak it, well or badly."""

import ssl
import warnings


def context(certificate, authority=None, least=None, most=None, alpn=("http/1.1",)):
    """Shows this certificate. `authority`: asks for one of the client, too."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate.cert, certificate.key)
    made.set_alpn_protocols(list(alpn))
    if authority:
        made.load_verify_locations(authority.ca)
        made.verify_mode = ssl.CERT_REQUIRED
    if least:
        made.minimum_version = least
    if most:
        made.maximum_version = most
    return made


def old(certificate):
    """Nothing newer than TLS 1.1, which OpenSSL only does when it is talked into it."""
    made = context(certificate)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


def policy(authority, **backend_tls):
    """The section `policy` for backends with certificates of `authority`."""
    return {"backend_encryption": "tls", "backend_tls": {"ca": str(authority.ca), **backend_tls}, "exception": ""}
