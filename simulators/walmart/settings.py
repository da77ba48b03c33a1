"""What the seller's settings say: the limits of feeds, and the ship nodes."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.walmart.feed_files import FEED_TYPES
from simulators.walmart.limits import FEED_BYTES, RATES, feed_bucket
from simulators.walmart.lines import Document
from simulators.walmart.parameters import flag, known_parameters
from simulators.walmart.state import SellerAccount
from simulators.walmart.stock import NodeStock
from simulators.world import PARTNER_ID

# The published list of feed types here does not have MP_INVENTORY.
TOLD = frozenset({"inventory"})

_WORKING_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_DAYS_OFF = ("saturday", "sunday")


async def partner_profile(request: Request, account: SellerAccount) -> Response:
    """GET /v3/settings/partnerprofile: who the seller is, and how often feeds may come."""
    known_parameters(request)
    feeds = [_feed_limits(feed_type, account) for feed_type in FEED_TYPES if feed_type in TOLD]
    return JSONResponse(
        {
            "partner": {
                "partnerId": PARTNER_ID,
                "partnerName": "Acme Test Inc.",
                "partnerDisplayName": "Acme Test",
                "partnerStoreId": PARTNER_ID,
                "businessRegNumber": "",
                "countryOfIncorporation": "US",
            },
            "configurations": [
                {"configurationName": "ACCOUNT", "configuration": {"status": "ACTIVE"}},
                {"configurationName": "FEED", "configuration": {"values": feeds}},
            ],
        }
    )


async def list_ship_nodes(request: Request, account: SellerAccount) -> Response:
    """GET /v3/settings/shipping/shipnodes: the seller's ship nodes, the inactive ones too."""
    given = known_parameters(request, "includeCalendarDayConfiguration")
    calendar = flag(given, "includeCalendarDayConfiguration")
    nodes = account.inventory.stock.nodes.values()
    return JSONResponse([_ship_node(node) | (_calendar() if calendar else {}) for node in nodes])


def _feed_limits(feed_type: str, account: SellerAccount) -> Document:
    """Return count, window and size as they hold now, in the time the caller lives in."""
    bucket = feed_bucket(feed_type)
    window = max(1, round(account.clock.wall_span(RATES[bucket].seconds)))
    rate = {
        "count": int(account.limits.capacity(bucket)),
        "replenishTimeWindow": {"value": window, "unitOfMeasurement": "SECOND"},
    }
    size = {"value": FEED_BYTES[feed_type], "unitOfMeasurement": "BYTES"}
    return {
        "feedType": feed_type,
        "throttleConfigurations": [{"type": "SELLER", "rate": rate, "fileSize": size}],
    }


def _ship_node(node: NodeStock) -> Document:
    return {
        "shipNode": node.ship_node,
        "nodeType": "PHYSICAL",
        "shipNodeName": node.name,
        "status": node.status,
        "timeZone": "CST",
        "distributorSupportedServices": ["TWO_DAY_DELIVERY"],
        "customNodeId": node.name,
        "postalAddress": {
            "addressLine1": "1 Test Street",
            "city": "Dallas",
            "state": "TX",
            "country": "USA",
            "postalCode": "75201",
        },
        "shippingDetails": [
            {"twoDayShipping": [{"carrierMethodName": "UPS", "carrierMethodType": "GROUND"}]}
        ],
    }


def _calendar() -> Document:
    working = {day: {"isWorkingDay": True, "cutOffTime": "14:00"} for day in _WORKING_DAYS}
    off = {day: {"isWorkingDay": False} for day in _DAYS_OFF}
    schedule = {"standardProcessingSchedule": working | off, "additionalDaysOff": []}
    return {"calendarDayConfiguration": schedule}
