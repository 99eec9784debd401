"""ResponseURLs that no response can be sent to, or hardly, as hypothesis strategies."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

UNUSABLE_URLS = [
    "",
    " ",
    "x",
    "/path?Signature=x",
    "ftp://host/path",
    "file:///path",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://host",
    "https://[broken/path",
    "https://[::1/path",
    "https://host name/path",
    "https://user:password@host/path",
    "https://host:port/path",
    "https://host:99999/path",
    "https://host:-1/path",
    "https://a..b/path",
    "https://" + "a" * 64 + "/path",
    "https://hóst/path",
    "https://\ud800/path",
    "https://host/pa th",
    "https://host/path\n",
    "https://host/path\r\nX-Injected: 1",
    "https://host/path\x00",
    "https://host/päth",
    "https://host/\ud800",
    "ht\ntps://host/path",
    " https://host/path",
    "https://host/" + "p" * 9000,
]


@st.composite
def almost_urls(draw: Callable[[Any], Any]) -> str:
    """Draw URLs that are put together from valid and invalid parts."""
    odd = st.text(st.characters(), max_size=6)
    scheme = draw(st.sampled_from(["http", "http", "http", "HTTP", "https", "ws", ""]))
    host = draw(st.sampled_from(["host", "127.0.0.1", "a.b-c.example", "host.", ".", "-", "1", "[::1]", "x@y"]) | odd)
    port = draw(st.sampled_from(["", "", ":80", ":0", ":65535", ":65536", ":8 0", ":", ":x"]))
    path = draw(st.sampled_from(["/", "/path", "", "/%", "/%zz", "/a/../b", "//", "/#", "?", "/'<>"]) | odd)
    query = draw(st.sampled_from(["", "?", "?Expires=nan", "?Expires=-1e999", "?Expires=9", "?X-Amz-Date=0"]) | odd)
    return f"{scheme}://{host}{port}{path}{query}"
