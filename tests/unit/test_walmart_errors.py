"""connectors/walmart_errors.py: every shape Walmart's refusals were met in."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from connectors.walmart import WalmartAccount, WalmartClient
from connectors.walmart_errors import MAX_TEXT
from domain.errors import IntegrationError, NotFound, RateLimited, Rejected, Unavailable

URL = "https://marketplace.test/v3/orders/1796277083022/shipping"
CONTENT = "INVALID_REQUEST_CONTENT.GMP_ORDER_API"
OVER_SHIPPED = (
    "INVALID_REQUEST_CONTENT :: Failed when called shipConfirm API for PO. Qty OverShipped : "
    "Some or All Line(s)/Qty cannot be Shipped due to invalid Lines Or invalid Qty Or Qty more "
    "than allowed"
)
ACKNOWLEDGED_AFTER_SHIPPING = (
    "INVALID_REQUEST_CONTENT :: Failed when called acknowledge API for 'PO'.  Some or all qty "
    "in higher status"
)
ALREADY_SHIPPED = (
    "Unable to process this request. The Line: 4 of PO: 4576930294354 is in SHIPPED status"
)
XML = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\
<ns4:errors xmlns:ns2="http://walmart.com/mp/orders" xmlns:ns4="http://walmart.com/"><ns4:error>\
<ns4:code>{CONTENT}</ns4:code><ns4:field>data</ns4:field>\
<ns4:description>{ALREADY_SHIPPED}</ns4:description><ns4:info>Request content is invalid.\
</ns4:info><ns4:severity>ERROR</ns4:severity><ns4:causes/></ns4:error></ns4:errors>"""


def error(code: str, field: str | None, description: str, **more: Any) -> dict[str, Any]:
    """Return one error as the order API words it at run time."""
    return {
        "code": code,
        "field": field,
        "description": description,
        "info": "Request content is invalid.",
        "severity": "ERROR",
        "category": "DATA",
        "causes": [],
        "errorIdentifiers": {"entry": []},
    } | more


def envelope(*errors: dict[str, Any]) -> dict[str, Any]:
    """Return shape A, which the running API uses."""
    return {"errors": {"error": list(errors)}}


@pytest.fixture
async def walmart() -> AsyncIterator[WalmartClient]:
    account = WalmartAccount(base_url="https://marketplace.test", service_name="m3-walmart")
    async with httpx.AsyncClient() as http:
        yield WalmartClient(http, account)


async def refusal(
    walmart: WalmartClient, status: int, body: Any = None, *, text: str = "", media_type: str = ""
) -> IntegrationError:
    """Return what the client makes of an answer."""
    answer = (
        httpx.Response(status, json=body)
        if body is not None
        else httpx.Response(status, text=text, headers={"Content-Type": media_type})
    )
    with respx.mock:
        respx.post(URL).mock(return_value=answer)
        with pytest.raises(IntegrationError) as caught:
            await walmart.ship_lines("1796277083022", {})
    return caught.value


@pytest.mark.parametrize(
    ("body", "code", "field", "message"),
    [
        (envelope(error(CONTENT, "data", OVER_SHIPPED)), CONTENT, "data", OVER_SHIPPED),
        (
            envelope(error(CONTENT, "data", ACKNOWLEDGED_AFTER_SHIPPING)),
            CONTENT,
            "data",
            ACKNOWLEDGED_AFTER_SHIPPING,
        ),
        (
            envelope(error(CONTENT, "methodCode", "Method code is not supported in line number 1")),
            CONTENT,
            "methodCode",
            "Method code is not supported in line number 1",
        ),
        (
            {"errors": {"error": error(CONTENT, "data", "single object instead of list")}},
            CONTENT,
            "data",
            "single object instead of list",
        ),
        (
            {
                "error": [
                    error("INVALID_REQUEST_PARAM.GMP_ITEM_QUERY_API", "gtin", "Provide a GTIN.")
                ]
            },
            "INVALID_REQUEST_PARAM.GMP_ITEM_QUERY_API",
            "gtin",
            "Provide a GTIN.",
        ),
        (
            {
                "errors": [
                    {
                        "code": CONTENT,
                        "description": "Invalid request content.",
                        "info": "Request content is not valid.",
                        "severity": "ERROR",
                        "category": "DATA",
                    }
                ]
            },
            CONTENT,
            "",
            "Invalid request content.",
        ),
        (
            {"errors": [{"code": "MISSING_FILE", "message": "Field 'file' is required."}]},
            "MISSING_FILE",
            "",
            "Field 'file' is required.",
        ),
        (
            {
                "errors": [
                    {
                        "code": "INVALID_SKU",
                        "message": "SKU 'ABC123' not found for this seller.",
                        "field": "inventory[0].sku",
                    }
                ]
            },
            "INVALID_SKU",
            "inventory[0].sku",
            "SKU 'ABC123' not found for this seller.",
        ),
        (
            {"code": "400", "description": "Bad request", "info": "Invalid URL", "causes": []},
            "400",
            "",
            "Bad request",
        ),
        (
            {
                "status": "FORBIDDEN",
                "header": {"headerAttributes": {}},
                "errors": [
                    {
                        "code": "403",
                        "description": "Virtual pack is not enabled for Partner ID 99999999999",
                        "info": "Seller is not eligible for this operation.",
                    }
                ],
            },
            "403",
            "",
            "Virtual pack is not enabled for Partner ID 99999999999",
        ),
        (
            {
                "type": "https://marketplace.walmart.com/errors/invalid-date-granularity",
                "title": "Invalid date granularity",
                "status": 400,
                "detail": "The value 'YEARLY' is not a valid dateGranularity.",
                "instance": "/v3/reports/reportRequests",
            },
            "Invalid date granularity",
            "",
            "The value 'YEARLY' is not a valid dateGranularity.",
        ),
        ({"error": "invalid_client", "error_description": "no"}, "HTTP_400", "", "invalid_client"),
        (envelope(), "HTTP_400", "", ""),
        ([], "HTTP_400", "", ""),
    ],
    ids=[
        "A: over-shipped",
        "A: acknowledged after shipping",
        "A: method code",
        "A: one object",
        "B: error list",
        "C: errors list",
        "C: message",
        "C: message and field",
        "D: flat",
        "E: status and header",
        "F: problem+json",
        "OAuth",
        "A: no error in it",
        "empty list",
    ],
)
async def test_json_refusal(walmart: WalmartClient, body: Any, code: str, field: str, message: str):
    refused = await refusal(walmart, 400, body)

    assert isinstance(refused, Rejected)
    assert not isinstance(refused, NotFound)
    assert (refused.code, refused.field, refused.message) == (code, field, message)
    assert refused.cause == "WALMART_REJECTED"


async def test_xml_refusal(walmart: WalmartClient):
    refused = await refusal(walmart, 400, text=XML, media_type="application/xml")

    assert isinstance(refused, Rejected)
    assert (refused.code, refused.field) == (CONTENT, "data")
    assert refused.message == ALREADY_SHIPPED


async def test_xml_refusal_reads_no_files(walmart: WalmartClient, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("swordfish")
    text = (
        f'<!DOCTYPE e [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'
        "<error><code>1</code><description>&s;</description></error>"
    )

    refused = await refusal(walmart, 400, text=text, media_type="application/xml")

    assert "swordfish" not in str(refused)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Bad Request", "Bad Request"),
        ("", "no text"),
        ("<html><body>Request blocked</body></html>", "<html><body>Request blocked</body></html>"),
        ("x" * 5000, "x" * MAX_TEXT),
    ],
    ids=["text", "nothing", "HTML", "long"],
)
async def test_refusal_in_plain_text(walmart: WalmartClient, text: str, message: str):
    refused = await refusal(walmart, 403, text=text, media_type="text/html")

    assert isinstance(refused, Rejected)
    assert (refused.code, refused.message) == ("HTTP_403", message)


@pytest.mark.parametrize(
    ("status", "body", "kind", "cause"),
    [
        (
            401,
            envelope(error("UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED", "Unauthorized")),
            Unavailable,
            "WALMART_UNAVAILABLE",
        ),
        (401, {"errors": [{"code": "UNAUTHORIZED.GMP_ORDER_API"}]}, Unavailable, None),
        (403, {"errors": [{"code": "FORBIDDEN.GMP_ORDER_API"}]}, Rejected, "WALMART_REJECTED"),
        (404, {"errors": [{"code": "NOT_FOUND.GMP_ORDER_API"}]}, NotFound, "WALMART_NOT_FOUND"),
        (404, envelope(error("CONTENT_NOT_FOUND.GMP_ORDER_API", None, "No")), NotFound, None),
        (422, {"errors": [{"code": "INVALID_SKU", "message": "No"}]}, Rejected, None),
        (
            429,
            envelope(error("REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API", None, "Slow")),
            RateLimited,
            "WALMART_RATE_LIMITED",
        ),
        (429, {"errors": [{"code": "RATE_LIMIT_EXCEEDED.GMP_ORDER_API"}]}, RateLimited, None),
        (500, {"errors": [{"code": "INTERNAL_SERVER_ERROR.GMP_ORDER_API"}]}, Unavailable, None),
        (520, envelope(error("SYSTEM_ERROR.GMP_GATEWAY_API", None, "Odd")), Unavailable, None),
    ],
)
async def test_status_decides_what_can_be_done(
    walmart: WalmartClient,
    status: int,
    body: dict[str, Any],
    kind: type[IntegrationError],
    cause: str | None,
):
    refused = await refusal(walmart, status, body)

    assert type(refused) is kind
    assert cause in (refused.cause, None)
