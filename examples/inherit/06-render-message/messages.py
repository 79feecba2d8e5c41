def render_message(values: dict, text: str) -> str:
    """Put values into the placeholders of a message.

    A placeholder is `{{name}}`, where spaces inside the braces are allowed. Each one is replaced by `str()` of the
    value that `values` has for its name. What was put in is left alone, even if it looks like a placeholder. A
    name without a value raises KeyError.
    """
    raise NotImplementedError
