"""How a document is taken out of the message ION wraps it in."""

import gzip
import json
import zlib

import httpx
import pytest

from starter.ims import IonMessage, read_message, read_multipart
from starter.refusals import Unreadable
from tests.starter_messages import api_message, bod, ims_parameters

DOCUMENT = bod("Shipment", purchase_order_id="1796277083022")
PARAMETERS = ims_parameters("Sync.Shipment")
EXPECTED = IonMessage(
    message_id="message-1",
    document_name="Sync.Shipment",
    accounting_entity="100_AAA",
    document=DOCUMENT,
)


def multipart(*parts: tuple[str, bytes, str]) -> tuple[bytes, str]:
    files = [(name, (None, content, kind)) for name, content, kind in parts]
    request = httpx.Request("POST", "http://starter", files=files)
    return request.read(), request.headers["Content-Type"]


def ims(
    parameters: dict[str, str],
    document: bytes,
    names: tuple[str, str] = ("ParameterRequest", "MessagePayload"),
) -> tuple[bytes, str]:
    return multipart(
        (names[0], json.dumps(parameters).encode(), "application/json"),
        (names[1], document, "application/octet-stream"),
    )


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("ParameterRequest", "MessagePayload"), id="v3"),
        pytest.param(("MessagePayload", "ParameterRequest"), id="v2, names exchanged"),
    ],
)
def test_multipart_is_read_whatever_its_parts_are_called(names: tuple[str, str]):
    body, content_type = ims(PARAMETERS, DOCUMENT, names)

    assert read_multipart(body, content_type=content_type) == EXPECTED


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize("deflate", [zlib.compress, gzip.compress, raw_deflate])
def test_deflated_document_is_inflated(deflate):
    parameters = PARAMETERS | {"encoding": "DEFLATE"}
    body, content_type = ims(parameters, deflate(DOCUMENT))
    in_one_piece = api_message(deflate(DOCUMENT), parameters)

    assert read_multipart(body, content_type=content_type) == EXPECTED
    assert read_message(in_one_piece) == EXPECTED


def test_document_in_json_is_read():
    assert read_message(api_message(DOCUMENT, PARAMETERS)) == EXPECTED


def test_bare_document_speaks_for_itself():
    message = read_message(b"\xef\xbb\xbf\n" + DOCUMENT.split(b"?>", 1)[1])

    assert message.document_name == "Sync.Shipment"
    assert message.accounting_entity == "100_AAA"
    assert message.message_id == "infor-nid:ACME_TST:100_AAA:001:7001:1?Shipment&verb=Sync"


def test_missing_message_id_is_made_from_the_document():
    first, again = (
        read_message(api_message(DOCUMENT, PARAMETERS | {"messageId": ""})) for _ in range(2)
    )

    assert first.message_id.startswith("sha256-")
    assert first == again


def test_inflating_stops_at_a_size_no_document_has():
    bomb = zlib.compress(b" " * 40 * 1024 * 1024)
    body, content_type = ims(PARAMETERS | {"encoding": "DEFLATE"}, bomb)

    with pytest.raises(Unreadable, match="too large"):
        read_multipart(body, content_type=content_type)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("MessagePayload", DOCUMENT, "application/octet-stream")],
        [("ParameterRequest", json.dumps(PARAMETERS).encode(), "application/json")],
        [("ParameterRequest", json.dumps(PARAMETERS).encode(), "application/json")] * 2,
        [("MessagePayload", DOCUMENT, "application/octet-stream")] * 9,
    ],
    ids=["none", "no parameters", "no document", "parameters twice", "nine parts"],
)
def test_multipart_needs_parameters_and_one_document(parts: list[tuple[str, bytes, str]]):
    body, content_type = multipart(*parts) if parts else (b"", "multipart/form-data; boundary=x")

    with pytest.raises(Unreadable):
        read_multipart(body, content_type=content_type)


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 500],
)
def test_wrong_content_type_is_refused(content_type: str):
    body, _ = ims(PARAMETERS, DOCUMENT)

    with pytest.raises(Unreadable):
        read_multipart(body, content_type=content_type)


def test_multipart_that_was_cut_is_refused():
    body, content_type = ims(PARAMETERS, DOCUMENT)

    with pytest.raises(Unreadable):
        read_multipart(body[:-20], content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"[]",
        b"{}",
        json.dumps(PARAMETERS).encode(),
        json.dumps(PARAMETERS | {"document": "text"}).encode(),
        json.dumps(PARAMETERS | {"document": {"value": 7}}).encode(),
        json.dumps(PARAMETERS | {"document": {"value": "\ud800"}}).encode(),
        json.dumps(PARAMETERS | {"document": {"value": "*", "encoding": "DEFLATE"}}).encode(),
        json.dumps(PARAMETERS | {"document": {"value": "AAAA", "encoding": "DEFLATE"}}).encode(),
        b"<SyncShipment/>",
    ],
)
def test_message_without_a_document_is_refused(body: bytes):
    with pytest.raises(Unreadable):
        read_message(body)
