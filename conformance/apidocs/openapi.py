#!/usr/bin/env python3
"""spec/openapi.json is valid by openapi-spec-validator, which is seen to find what is spoiled."""

import json

from community import ROOT
from openapi_spec_validator import OpenAPIV31SpecValidator


def findings(document):
    return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def without_a_title(document):
    del document["info"]["title"]


def one_name_twice(document):
    document["paths"]["/v1/prove"]["post"]["operationId"] = "hello"


def another_place(document):
    document["paths"]["/v1/blocks"]["get"]["parameters"][0]["in"] = "body"


def a_member_that_there_is_not(document):
    document["paths"]["/v1/hello"]["post"]["answers"] = {}


def a_default_out_of_bounds(document):
    document["paths"]["/v1/blocks"]["get"]["parameters"][1]["schema"]["default"] = 0


def a_schema_that_is_none(document):
    document["components"]["schemas"]["Block"]["type"] = "thing"


SPOILED = [
    without_a_title,
    one_name_twice,
    another_place,
    a_member_that_there_is_not,
    a_default_out_of_bounds,
    a_schema_that_is_none,
]


def main():
    document = json.loads((ROOT / "spec" / "openapi.json").read_text(encoding="utf-8"))
    found = findings(document)
    if found:
        raise SystemExit("openapi-spec-validator:\n" + "\n".join(found))
    for spoil in SPOILED:
        spoiled = json.loads(json.dumps(document))
        spoil(spoiled)
        if not findings(spoiled):
            raise SystemExit(f"openapi-spec-validator does not see {spoil.__name__}")
    print(f"openapi-spec-validator: {len(document['paths'])} paths, nothing found; {len(SPOILED)} spoiled documents, each found")


if __name__ == "__main__":
    main()
