"""Say what is wrong with the settings: one line that names the key and the mend."""

from pydantic import ValidationError


def first_problem(error: ValidationError, content: dict[str, object]) -> str:
    """Return the problem that says most, and how many more there are. It repeats no value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    # A faulty pair makes pydantic say as well that there are too few pairs.
    problems = [p for p in problems if p["type"] != "too_short" or len(problems) == 1]
    # A misspelled key is often a missing one too; the misspelling says more.
    problem = min(problems, key=lambda each: each["type"] != "extra_forbidden")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    key = _key(problem["loc"], content)
    match problem["type"]:
        case "missing":
            return f"{key}: missing; add it{more}"
        case "tuple_type" if key in ("pairs", "alerts.rules"):
            return f"{key}: write each as a section, [[{key}]]{more}"
        case "tuple_type":
            return f'{key}: write a list, ["..."]{more}'
        case "model_type":
            return f"{key}: has to be a section with keys of its own{more}"
        case "extra_forbidden":
            return f"{key}: no such key; remove it or mend its spelling{more}"
        case _:
            return f"{key or 'the file'}: {problem['msg'].removeprefix('Value error, ')}{more}"


def _key(location: tuple[int | str, ...], content: dict[str, object]) -> str:
    """Name a key as a person would look for it: pairs["acme"].m3.company."""
    text = ""
    for part in location:
        if isinstance(part, int):
            pairs = content.get("pairs") if text == "pairs" else None
            pair = pairs[part] if isinstance(pairs, list) else None
            text += (
                f'["{pair["name"]}"]' if isinstance(pair, dict) and "name" in pair else f"[{part}]"
            )
        else:
            text += f".{part}" if text else part
    return text
