"""The ``aws s3`` commands: ls, cp, mb and rm."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ec2roles.calls import Response
from ec2roles.errors import AwsError
from ec2roles.programs.files import HOME, Files, to_bytes, to_text
from ec2roles.programs.program import Completed, Ended
from ec2roles.programs.terminal.session import FAILED, AwsSession, bare_wording, ending, invalid_choice, usage, wording

COMMANDS = ("ls", "cp", "mb", "rm")
QUIET = ("--quiet", "--only-show-errors", "--no-progress", "--dryrun")
SCHEME = "s3://"
BUCKET = r"[a-zA-Z0-9.\-_]{1,255}"
ACCESS_POINT = (
    r'be an ARN matching the regex "^arn:(aws).*:(s3|s3-object-lambda):[a-z\-0-9]*:[0-9]{12}:accesspoint'
    r"[/:][a-zA-Z0-9\-.]{1,63}$|^arn:(aws).*:s3-outposts:[a-z\-0-9]+:[0-9]{12}:outpost[/:][a-zA-Z0-9\-]{1,63}"
    r'[/:]accesspoint[/:][a-zA-Z0-9\-]{1,63}$"'
)


def run(session: AwsSession, words: Sequence[str]) -> Completed:
    """
    Run ``aws s3`` followed by *words*.

    Raises:
        Ended: when it ends before its last line.
    """
    if not words:
        raise Ended(
            FAILED, "\nusage: aws [options] <command> <subcommand> [parameters]\naws: error: too few arguments\n"
        )
    command, *rest = words
    paths = [word for word in rest if word == "-" or not word.startswith("-")]
    switches = [word for word in rest if word not in paths]
    if command == "ls":
        return _list(session, paths, switches)
    if command == "cp":
        return _copy(session, paths, switches)
    if command == "mb":
        return _make_bucket(session, paths, switches)
    if command == "rm":
        return _remove(session, paths, switches)
    raise invalid_choice("subcommand", COMMANDS)


def _check(switches: Sequence[str], known: Sequence[str]) -> None:
    unknown = [switch for switch in switches if switch not in known]
    if unknown:
        ours = f"ec2roles: the options this command knows here: {', '.join(known) or 'none'}\n"
        raise Ended(FAILED, f"\nUnknown options: {','.join(unknown)}\n{ours}")


def split(path: str) -> tuple[str, str]:
    """
    Return bucket and key.

    >>> split("s3://photos/2026/cat.jpg"), split("photos")
    (('photos', '2026/cat.jpg'), ('photos', ''))
    """
    bucket, _, key = path.removeprefix(SCHEME).partition("/")
    return bucket, key


def _call(
    session: AwsSession,
    action: str,
    bucket: str,
    key: str = "",
    *,
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
) -> Response:
    if not re.fullmatch(BUCKET, bucket):
        # The client checks this before it sends anything, and before it looks for credentials.
        complaint = f'Invalid bucket name "{bucket}": Bucket name must match the regex "^{BUCKET}$" or {ACCESS_POINT}'
        return Response(error=AwsError(f"Parameter validation failed:\n{complaint}", code="ParamValidation"))
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    return session.call(action, resource, operation=operation, parameters=parameters, context=context)


# ls


def _list(session: AwsSession, paths: Sequence[str], switches: Sequence[str]) -> Completed:
    _check(switches, ("--recursive", "--human-readable", "--summarize"))
    if len(paths) > 1:
        raise Ended(FAILED, f"\nUnknown options: {','.join(paths[1:])}\n")
    bucket, prefix = split(paths[0]) if paths else ("", "")
    if not bucket:
        response = session.call("s3:ListAllMyBuckets", operation="ListBuckets")
        if response.error is not None:
            raise Ended(*ending(response.error, "ListBuckets"))
        return Completed("".join(f"{_moment(each.creation_date)} {each.name}\n" for each in response.value))

    # Both become condition keys: policies look at s3:prefix and s3:delimiter.
    parameters = {"bucket": bucket, "prefix": prefix}
    if "--recursive" not in switches:
        parameters["delimiter"] = "/"
    response = _call(session, "s3:ListBucket", bucket, operation="ListObjectsV2", parameters=parameters)
    if response.error is not None:
        raise Ended(*ending(response.error, "ListObjectsV2"))
    objects: list[Any] = list(response.value)
    folders: list[str] = []
    if "--recursive" not in switches:
        objects, folders = _one_level(objects, prefix)
    lines = [f"{'PRE':>30} {folder}\n" for folder in folders]
    for each in objects:
        size = human_size(each.size) if "--human-readable" in switches else str(each.size)
        name = each.key if "--recursive" in switches else each.key.rpartition("/")[2]
        lines.append(f"{_moment(each.last_modified)} {size:>10} {name}\n")
    if "--summarize" in switches:
        total = sum(each.size for each in objects)
        size = human_size(total) if "--human-readable" in switches else str(total)
        lines.append(f"\nTotal Objects: {len(objects)}\n   Total Size: {size}\n")
    # The CLI says with its exit code that nothing starts with the prefix; an empty bucket is no failure.
    return Completed("".join(lines), "", 1 if prefix and not objects and not folders else 0)


def _one_level(objects: Sequence[Any], prefix: str) -> tuple[list[Any], list[str]]:
    """Return the objects right under *prefix*, and the last part of each folder under it."""
    here: list[Any] = []
    folders: list[str] = []
    for each in objects:
        folder, slash, _ = each.key[len(prefix) :].partition("/")
        if slash:
            name = (prefix + folder).rpartition("/")[2] + "/"
            if name not in folders:
                folders.append(name)
        else:
            here.append(each)
    return here, folders


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S")


def human_size(size: int) -> str:
    """
    Return *size* as ``aws s3 ls --human-readable`` writes it.

    >>> human_size(1), human_size(1000), human_size(123456)
    ('1 Byte', '1000 Bytes', '120.6 KiB')
    """
    if size < 1024:
        return "1 Byte" if size == 1 else f"{size} Bytes"
    units = ["EiB", "PiB", "TiB", "GiB", "MiB", "KiB"]
    value = size / 1024
    while round(value) >= 1024 and len(units) > 1:
        value /= 1024
        units.pop()
    return f"{value:.1f} {units[-1]}"


# cp


def _copy(session: AwsSession, paths: Sequence[str], switches: Sequence[str]) -> Completed:
    if len(paths) < 2:
        raise usage("the following arguments are required: paths")
    _check(switches, QUIET)
    source, target = paths[0], paths[1]
    if source.startswith(SCHEME) and target.startswith(SCHEME):
        raise Ended(1, "ec2roles: copies from bucket to bucket are not simulated\n")
    if target.startswith(SCHEME):
        return _upload(session, source, target, switches)
    if source.startswith(SCHEME):
        return _download(session, source, target, switches)
    form = "usage: aws s3 cp <LocalPath> <S3Uri> or <S3Uri> <LocalPath> or <S3Uri> <S3Uri>"
    raise Ended(FAILED, f"\n{form}\nError: Invalid argument type\n")


def _upload(session: AwsSession, source: str, target: str, switches: Sequence[str]) -> Completed:
    bucket, key = split(target)
    files = session.chain.files
    if source == "-":
        shown, body = "-", to_bytes(session.invocation.stdin.read())
        if not key:
            raise Ended(1, "ec2roles: what comes from standard input needs a whole key: s3://BUCKET/KEY\n")
    else:
        content = files.read(source)
        if content is None and files.is_directory(source):
            raise Ended(1, f"ec2roles: '{source}' is a directory, and copies of directories are not simulated\n")
        if content is None:
            raise Ended(FAILED, f"\nThe user-provided path {source} does not exist.\n")
        shown, body = _shown(files, source), content
        if not key or key.endswith("/"):
            key += posixpath.basename(files.absolute(source))
    line = f"upload: {shown} to {SCHEME}{bucket}/{key}\n"
    if "--dryrun" in switches:
        return Completed(f"(dryrun) {line}")
    response = _call(session, "s3:PutObject", bucket, key, operation="PutObject", parameters={"body": body})
    if response.error is not None:
        reason = wording(response.error, "PutObject")
        raise _failed(f"upload failed: {shown} to {SCHEME}{bucket}/{key} {reason}\n", switches)
    return Completed("" if source == "-" or _quiet(switches) else line)


def _download(session: AwsSession, source: str, target: str, switches: Sequence[str]) -> Completed:
    bucket, key = split(source)
    files = session.chain.files
    if not key or key.endswith("/"):
        raise Ended(1, f"ec2roles: '{source}' names no object, and copies of folders are not simulated\n")
    if target.endswith("/") or (target != "-" and files.is_directory(target)):
        target = posixpath.join(target, posixpath.basename(key))
    shown = "-" if target == "-" else _shown(files, target)
    # The CLI asks for the size first. The answer to a HEAD has no body, so the reason for a denial is lost.
    head = _call(session, "s3:GetObject", bucket, key, operation="HeadObject")
    if head.error is not None:
        reason = bare_wording(head.error, "HeadObject")
        if target == "-":
            raise _failed(f"download failed: {source} to - {reason}\n", switches)
        if head.error.status == 404:
            reason = reason.replace("Not Found", f'Key "{key}" does not exist')
        raise _failed(f"fatal error: {reason}\n", switches)
    if "--dryrun" in switches:
        return Completed(f"(dryrun) download: {source} to {shown}\n")
    response = _call(session, "s3:GetObject", bucket, key, operation="GetObject")
    if response.error is not None:
        raise _failed(f"download failed: {source} to {shown} {wording(response.error, 'GetObject')}\n", switches)
    if target == "-":
        return Completed(to_text(response.value.body))
    files.write(target, response.value.body)
    return Completed("" if _quiet(switches) else f"download: {source} to {shown}\n")


def _shown(files: Files, path: str) -> str:
    relative = posixpath.relpath(files.absolute(path), HOME)
    return relative if "/" in relative else f"./{relative}"


def _quiet(switches: Sequence[str]) -> bool:
    return "--quiet" in switches or "--only-show-errors" in switches


def _failed(text: str, switches: Sequence[str]) -> Ended:
    return Ended(1, "" if "--quiet" in switches else text)


# mb and rm


def _make_bucket(session: AwsSession, paths: Sequence[str], switches: Sequence[str]) -> Completed:
    _check(switches, ())
    if not paths:
        raise usage("the following arguments are required: path")
    if not paths[0].startswith(SCHEME):
        raise Ended(FAILED, "\n<S3Uri>\nError: Invalid argument type\n")
    bucket, _ = split(paths[0])
    region = session.chosen_region() or session.default_region
    # As the CLI does: us-east-1 is meant by no constraint at all.
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    response = _call(
        session,
        "s3:CreateBucket",
        bucket,
        operation="CreateBucket",
        parameters={} if region in (None, "us-east-1") else elsewhere,
        context={} if region is None else {"aws:RequestedRegion": region},
    )
    if response.error is not None:
        raise Ended(1, f"make_bucket failed: {paths[0]} {wording(response.error, 'CreateBucket')}\n")
    return Completed(f"make_bucket: {bucket}\n")


def _remove(session: AwsSession, paths: Sequence[str], switches: Sequence[str]) -> Completed:
    _check(switches, QUIET)
    if not paths:
        raise usage("the following arguments are required: paths")
    if not paths[0].startswith(SCHEME):
        raise Ended(FAILED, "\nusage: aws s3 rm <S3Uri>\nError: Invalid argument type\n")
    bucket, key = split(paths[0])
    if not key or key.endswith("/"):
        raise Ended(1, f"ec2roles: '{paths[0]}' names no object, and removing folders is not simulated\n")
    line = f"delete: {SCHEME}{bucket}/{key}\n"
    if "--dryrun" in switches:
        return Completed(f"(dryrun) {line}")
    response = _call(session, "s3:DeleteObject", bucket, key, operation="DeleteObject")
    if response.error is not None:
        reason = wording(response.error, "DeleteObject")
        raise _failed(f"delete failed: {SCHEME}{bucket}/{key} {reason}\n", switches)
    return Completed("" if _quiet(switches) else line)
