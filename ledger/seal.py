"""Keep what is about a person readable with the ledger's key only."""

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unsealable(Exception):
    """A text was sealed with a key that is not at hand, or is damaged."""


class Seal:
    """Seals with the first of its keys and opens with any, so that keys can be changed."""

    def __init__(self, keys: str) -> None:
        """Take the content of a key file.

        Args:
            keys: one key per line, the newest first; each as `Fernet.generate_key` makes it.

        Raises:
            Unsealable: there is no key, or one of them is none. The text repeats no key.
        """
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys.split()])
        except ValueError:
            raise Unsealable(
                "the ledger's key is not usable: it has one key per line, each 32 bytes in "
                "URL-safe base64; restore the key file from your backup"
            ) from None

    def seal(self, text: str) -> str:
        """Return `text`, readable only with the key."""
        return self.seal_bytes(text.encode())

    def open(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            Unsealable: it was sealed with another key, or is damaged.
        """
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, content: bytes) -> str:
        """Return `content`, readable only with the key."""
        return self._keys.encrypt(content).decode()

    def open_bytes(self, sealed: str) -> bytes:
        """As `open`, for what need not be text."""
        try:
            return self._keys.decrypt(sealed)
        except InvalidToken:
            raise Unsealable("it was sealed with another key, or is damaged") from None


def load_or_create_key(path: Path) -> str:
    """Return the content of the key file; it is made first where there is none.

    Several processes may do so at once: the file appears whole, once, and all read the same.
    """
    if not path.exists():
        _create_key(path)
    return path.read_text(encoding="ascii")


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp lets nobody else read the file.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(handle)
        path.hardlink_to(made)
    except FileExistsError:
        pass  # another process was first
    finally:
        made.unlink()
