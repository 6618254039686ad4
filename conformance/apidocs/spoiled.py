"""Documents that are wrong in one place each: what is spoiled, how, at which path, and what schemathesis says of it."""


def operation(document, path):
    (found,) = document["paths"][path].values()
    return found


def content(document, path, status):
    (found,) = operation(document, path)["responses"][status]["content"].values()
    return found


def another_status(document):
    responses = operation(document, "/v1/checkpoint")["responses"]
    responses["201"] = responses.pop("200")


def a_status_is_missing(document):
    del operation(document, "/v1/proofs/inclusion")["responses"]["409"]


def a_code_is_missing(document):
    content(document, "/v1/blocks", "400")["schema"]["properties"]["code"]["enum"].remove("malformed")


def another_type(document):
    document["components"]["schemas"]["Checkpoint"]["properties"]["size"] = {"type": "string"}


def a_wider_bound(document):
    parameters = operation(document, "/v1/blocks")["parameters"]
    (limit,) = (parameter for parameter in parameters if parameter["name"] == "limit")
    limit["schema"]["maximum"] = 2000


def a_narrower_bound(document):
    document["components"]["schemas"]["HelloFrame"]["properties"]["session_ms"]["minimum"] = 5000


def another_content_type(document):
    found = operation(document, "/v1/checkpoint")["responses"]["200"]["content"]
    found["text/html"] = found.pop("application/json")


def another_header(document):
    schema = {"type": "string", "const": "no-cache"}
    operation(document, "/v1/proofs/consistency")["responses"]["409"]["headers"]["Cache-Control"] = {"schema": schema}


def a_header_too_many(document):
    operation(document, "/v1/checkpoint")["responses"]["200"]["headers"]["X-Due"] = {"required": True, "schema": {"type": "string"}}


def a_token_where_none_is_due(document):
    operation(document, "/.well-known/dispatch-d")["security"] = [{"token": []}]


def another_method(document):
    path = document["paths"]["/v1/proofs/inclusion"]
    path["post"] = path.pop("get")


def an_event_without_its_id(document):
    for event in content(document, "/v1/events", "200")["schema"]["oneOf"]:
        event["properties"].pop("id", None)
        event["required"] = ["event", "data"]


SPOILED = [
    (another_status, "/v1/checkpoint", "Undocumented status code"),
    (a_status_is_missing, "/v1/proofs/inclusion", "Undocumented status code"),
    (a_code_is_missing, "/v1/blocks", "Response violates schema"),
    (another_type, "/v1/checkpoint", "Response violates schema"),
    (a_wider_bound, "/v1/blocks", "Schema-valid request rejected"),
    (a_narrower_bound, "/v1/hello", "Schema-violating request accepted"),
    (another_content_type, "/v1/checkpoint", "Undocumented Content-Type"),
    (another_header, "/v1/proofs/consistency", "Response header does not conform to the schema"),
    (a_header_too_many, "/v1/checkpoint", "Missing required response headers"),
    (a_token_where_none_is_due, "/.well-known/dispatch-d", "API accepts requests without authentication"),
    (another_method, "/v1/proofs/inclusion", "Wrong response to undeclared method"),
    (an_event_without_its_id, "/v1/events", "SSE event violates schema"),
]
