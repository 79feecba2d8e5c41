"""Names that usually stand for the same parameter or method, whatever the program: what a template need not say."""

from __future__ import annotations

_PARAMETERS = (
    "clock now timer time_source time_func monotonic get_time time_fn current_time",
    "now today reference current at moment on_date as_of relative_to",
    "sleep sleeper wait_func sleep_fn pause sleep_func napper",
    "default fallback otherwise missing default_value if_missing",
    "size limit n count maxsize max_size capacity maximum max_items most length k number width max_length limit_",
    "per_page page_size size limit count number_per_page",
    "page number page_number current current_page",
    "seconds ttl timeout ttl_seconds lifetime max_age expires_in duration period window interval per",
    "attempts times tries max_attempts max_tries retries max_retries n count",
    "delay wait pause base base_delay initial seconds initial_delay first start interval",
    "cap max_delay maximum limit ceiling longest max_wait",
    "factor multiplier backoff growth base",
    "exceptions on errors catch retry_on exception error exception_types",
    "separator sep joiner delimiter glue divider joined_by dot join",
    "mask replacement placeholder with_ filler hidden",
    "prefix start begin leading",
    "suffix ending ellipsis end marker tail more",
    "key by field attribute key_func getter column",
    "keys names fields columns allowed sensitive only wanted",
    "connection conn db con database cursor",
    "table table_name name relation",
    "row record values data item mapping fields columns",
    "rows records items data entries values",
    "path file filename file_path filepath target source",
    "folder directory root base dir_path path start",
    "fetch fetch_page get_page load loader call fetcher request getter",
    "opener open_url open_ get fetch transport send urlopen",
    "out output stream file writer write emit sink print_ printer",
    "ask input_ read reader prompt_func answer input_func",
    "strict exact raise_errors",
    "func function fn f callable_ call work operation action",
    "params query parameters args query_params",
    "headers header extra_headers",
    "level severity log_level",
    "logger log emit write sink",
    "encoding charset",
    "indent width padding",
    "digits decimals precision places ndigits",
    "currency symbol unit",
)
_MEMBERS = (
    "put set add push insert append store save enqueue record offer update write register",
    "get lookup find fetch read load value retrieve one by_id get_by_id",
    "delete remove discard drop forget evict unset invalidate pop",
    "pop take dequeue next get popleft pull get_next",
    "clear reset forget_all empty flush cache_clear forget",
    "peek top front first head look",
    "keys names ids",
    "items pairs entries all list to_list as_list values snapshot",
    "allow acquire hit try_acquire take consume allowed check is_allowed request permit",
    "connected same joined is_connected are_connected together",
    "union join connect unite link merge",
    "find root leader representative",
    "on subscribe listen connect add_listener register add_handler",
    "off unsubscribe disconnect remove_listener unregister remove_handler",
    "emit publish fire dispatch trigger notify send",
    "complete suggest starting_with with_prefix starts_with completions words_with autocomplete",
    "contains has includes member exists is_member",
    "mean average avg",
    "add_edge connect link add depends depends_on",
    "create insert add new save",
    "undo back", "redo forward",
    "run execute call dispatch handle invoke",
    "call __call__ run execute",
    "increment add count inc hit tick",
    "most_common top common highest",
    "all list find_all everything fetch_all",
    "update change modify edit patch",
    "count size total length",
)  # fmt: skip


def _groups(lines: tuple[str, ...]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        names = frozenset(line.split())
        for name in names:
            found[name] = found.get(name, frozenset()) | names
    return found


_PARAMETERS_OF = _groups(_PARAMETERS)
_MEMBERS_OF = _groups(_MEMBERS)


def same_parameter(first: str, second: str) -> bool:
    return second in _PARAMETERS_OF.get(first, ())


def same_member(first: str, second: str) -> bool:
    return second in _MEMBERS_OF.get(first, ())
