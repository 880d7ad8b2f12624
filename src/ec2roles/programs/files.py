"""The small file system of one instance: paths and bytes, in memory."""

from __future__ import annotations

import posixpath

import attrs

HOME = "/home/ec2-user"
NULL = "/dev/null"


@attrs.define(eq=False, repr=False)
class Files:
    """
    The files of one instance; ``~`` and relative paths mean the home directory of ``ec2-user``.

    >>> files = Files()
    >>> files.write("~/.aws/config", "[default]")
    >>> files.read("/home/ec2-user/.aws/config")
    b'[default]'

    Directories exist as soon as a file is in them. `generation` grows with every change, so that a reader can tell
    whether what it parsed still holds.
    """

    _generation: int = attrs.field(init=False, default=0)
    _contents: dict[str, bytes] = attrs.field(init=False, factory=dict)

    @property
    def generation(self) -> int:
        """How often something has been changed."""
        return self._generation

    def absolute(self, path: str) -> str:
        """
        Return *path* as an absolute path.

        >>> Files().absolute("~/../x"), Files().absolute("notes.txt")
        ('/home/x', '/home/ec2-user/notes.txt')
        """
        if path == "~" or path.startswith("~/"):
            path = HOME + path[1:]
        # normpath keeps two leading slashes, which POSIX allows to mean something else; here they mean nothing.
        return "/" + posixpath.normpath(posixpath.join(HOME, path)).lstrip("/")

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None if there is no such file."""
        path = self.absolute(path)
        return b"" if path == NULL else self._contents.get(path)

    def write(self, path: str, content: str | bytes, *, append: bool = False) -> None:
        """
        Write a file, with its directories.

        Args:
            path: where; ``~`` is the home directory.
            content: text is stored as UTF-8.
            append: add to what is there.

        Raises:
            IsADirectoryError: if *path* is a directory.
        """
        directory = path.endswith("/")
        path = self.absolute(path)
        if directory or self.is_directory(path):
            raise IsADirectoryError(path)
        if path == NULL:
            return
        data = to_bytes(content)
        self._contents[path] = self._contents.get(path, b"") + data if append else data
        self._generation += 1

    def remove(self, path: str) -> bool:
        """Remove a file, and say whether it was there."""
        self._generation += 1
        return self._contents.pop(self.absolute(path), None) is not None

    def is_directory(self, path: str) -> bool:
        """Return whether *path* is a directory: the home directory, the root, or one with something in it."""
        path = self.absolute(path)
        inside = path.rstrip("/") + "/"
        return f"{HOME}/".startswith(inside) or any(name.startswith(inside) for name in self._contents)

    def paths(self) -> list[str]:
        """
        Return the absolute paths of all files, sorted.

        >>> Files().paths()
        []
        """
        return sorted(self._contents)

    def __repr__(self) -> str:
        return f"<Files: {', '.join(self.paths()) or 'none'}>"


def to_bytes(text: str | bytes) -> bytes:
    """Return *text* as UTF-8; bytes that `to_text` could not read come back as they were."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def to_text(data: str | bytes) -> str:
    """Return *data* as text; bytes that are not UTF-8 are kept in a form that `to_bytes` turns back."""
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
