"""The typed keys of our search attributes; the names are frozen in `domain.names`."""

from temporalio.common import SearchAttributeKey

from domain.names import SearchAttribute

PAIR = SearchAttributeKey.for_keyword(SearchAttribute.PAIR)
PURCHASE_ORDER_ID = SearchAttributeKey.for_keyword(SearchAttribute.PURCHASE_ORDER_ID)
M3_ORDER_NUMBER = SearchAttributeKey.for_keyword(SearchAttribute.M3_ORDER_NUMBER)
STAGE = SearchAttributeKey.for_keyword(SearchAttribute.STAGE)
NEEDS_ATTENTION = SearchAttributeKey.for_bool(SearchAttribute.NEEDS_ATTENTION)
ATTENTION_CAUSE = SearchAttributeKey.for_keyword(SearchAttribute.ATTENTION_CAUSE)
SHIP_BY = SearchAttributeKey.for_datetime(SearchAttribute.SHIP_BY)
ATTENTION_SINCE = SearchAttributeKey.for_datetime(SearchAttribute.ATTENTION_SINCE)
ASSIGNEE = SearchAttributeKey.for_keyword(SearchAttribute.ASSIGNEE)
TAGS = SearchAttributeKey.for_keyword_list(SearchAttribute.TAGS)
