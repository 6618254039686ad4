"""What schemathesis needs to know of dispatch-d besides the document."""

import schemathesis


@schemathesis.hook
def map_body(_context, body):
    """JSON Schema takes `7.0` for an integer; the protocol has one form for 7 (CONV-12), which no schema can say."""
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, dict):
        return {name: map_body(None, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(None, value) for value in body]
    return body
