"""Read messages as ION sends them: IMS multipart, the JSON of the older method, or a bare BOD."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from starter.bods import read_bod
from starter.events import usable_id
from starter.refusals import Unreadable

# A BOD of a thousand lines is a few hundred kilobytes; more than this is a bomb, not a document.
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_PARTS = 8


@dataclass(frozen=True, kw_only=True)
class IonMessage:
    """One message, whichever way it came."""

    message_id: str  # the same when ION delivers again
    document_name: str  # Verb.Noun, for example Sync.Shipment
    accounting_entity: str  # company and division, 100_AAA
    document: bytes  # the BOD, inflated


@dataclass(kw_only=True)
class _Parts:
    """The contents of a multipart body, gathered as the parser goes."""

    contents: list[bytearray] = field(default_factory=list)
    complete: bool = False

    def begin(self) -> None:
        if len(self.contents) == MAX_PARTS:
            raise Unreadable("the message has too many parts")
        self.contents.append(bytearray())

    def data(self, chunk: bytes, start: int, end: int) -> None:
        self.contents[-1] += chunk[start:end]

    def end(self) -> None:
        self.complete = True


class MessageForm(StrEnum):
    """The two ways a message comes."""

    MULTIPART = "multipart"
    WHOLE = "whole"


def read_form(form: MessageForm, body: bytes, *, content_type: str) -> IonMessage:
    """Return a message that came in either way; as `read_multipart` and `read_message`."""
    if form is MessageForm.MULTIPART:
        return read_multipart(body, content_type=content_type)
    return read_message(body)


def read_multipart(body: bytes, *, content_type: str) -> IonMessage:
    """Return an IMS message of two parts: its parameters as JSON, and the document.

    The parts are told apart by what they hold. IMS v3 names them ParameterRequest and
    MessagePayload, but ION sends v2 with the two names exchanged.

    Raises:
        Unreadable: not multipart, cut short, or not one set of parameters and one document.

    Source:
        Guidelines for application teams that switch from v2 to v3, Infor OS documentation.
    """
    contents = _split(body, content_type)
    parameters = [found for found in map(_parameters, contents) if found is not None]
    documents = [content for content in contents if _parameters(content) is None]
    if len(parameters) != 1 or len(documents) != 1:
        raise Unreadable("the message is not one part of parameters and one document")
    [found], [document] = parameters, documents
    deflated = found.get("encoding") == "DEFLATE"
    return _message(found, _inflate(document) if deflated else document)


def read_message(body: bytes) -> IonMessage:
    """Return a message that came in one piece, to ION's API connection point.

    Either JSON with the IMS parameters and the document inside, or the BOD alone.

    Raises:
        Unreadable: neither of the two, or the document inside cannot be decoded.
    """
    if _looks_like_xml(body):
        return _message({}, body)
    parameters = _parameters(body)
    document = parameters.get("document") if parameters else None
    if parameters is None or not isinstance(document, dict):
        raise Unreadable("the body is neither a document nor JSON with one inside")
    return _message(parameters, _embedded(document))


def _split(body: bytes, content_type: str) -> list[bytes]:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not kind.startswith(b"multipart/") or not boundary:
        raise Unreadable("the content type is not multipart with a boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            {"on_part_begin": parts.begin, "on_part_data": parts.data, "on_end": parts.end},
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Unreadable("the multipart body is malformed") from None
    if not parts.complete:
        raise Unreadable("the multipart body ends too early")
    return [bytes(content) for content in parts.contents]


def _parameters(content: bytes) -> Mapping[str, Any] | None:
    """Return the IMS parameters if `content` is such, and None if it is something else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "documentName" in found else None


def _embedded(document: Mapping[str, Any]) -> bytes:
    value = document.get("value")
    if not isinstance(value, str):
        raise Unreadable("the document inside has no value")
    try:
        if document.get("encoding") == "DEFLATE":
            return _inflate(base64.b64decode(value))
        return value.encode()
    except ValueError:
        raise Unreadable("the document inside is not text, or not base64") from None


def _inflate(data: bytes) -> bytes:
    """Undo DEFLATE, with the zlib or gzip frame around it or without any."""
    for window_bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        inflater = zlib.decompressobj(window_bits)
        try:
            inflated = inflater.decompress(data, MAX_DOCUMENT_BYTES)
        except zlib.error:
            continue
        if inflater.eof:
            return inflated
    raise Unreadable("the document cannot be inflated, or is far too large")


def _looks_like_xml(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _message(parameters: Mapping[str, Any], document: bytes) -> IonMessage:
    """Fill in from the document what the parameters leave out."""
    name, entity = parameters.get("documentName"), parameters.get("accountingEntity")
    message_id: object = parameters.get("messageId")
    if not (name and entity):
        bod = read_bod(document)
        name, entity = name or bod.name, entity or bod.accounting_entity
        message_id = message_id or bod.bod_id
    return IonMessage(
        message_id=usable_id(message_id, document),
        document_name=str(name),
        accounting_entity=str(entity),
        document=document,
    )
