"""A conversation with a live server through the client that a generator made of spec/openapi.json; generated.py makes it and
runs this. Every answer comes back as the generator's own classes, so a document that says something else breaks it.
"""

import base64
import hashlib
import sys
from typing import Any

from community import ORIGIN, Account, Served
from dispatch_d import AuthenticatedClient, Client
from dispatch_d.api.default import blocks, checkpoint, consistency, discovery, hello, inclusion, prove, submit
from dispatch_d.models import (
    AcceptedEntry,
    BlocksFrame,
    ChallengeFrame,
    CheckpointFrame,
    Consistency,
    EntryCard,
    EntryGenesis,
    EntryRoster,
    HelloFrame,
    Inclusion,
    Problem,
    ProveFrame,
    SubmittedEntryCard,
    WelcomeFrame,
)


def talk(url: str) -> str:
    """Joins, reads, writes and proves; gives what was done in a line."""
    account: Any = Account()
    stranger = Client(base_url=url)
    found = discovery.sync(client=stranger)
    assert found is not None and isinstance(found.genesis.entry, EntryGenesis)

    said = account.hello()
    greeting = HelloFrame(
        client_nonce=said["client_nonce"],
        origin=ORIGIN,
        public_key=said["public_key"],
        type_="hello",
        version="dispatch-d/1",
    )
    challenge = hello.sync(client=stranger, body=greeting)
    assert isinstance(challenge, ChallengeFrame) and challenge.community == found.community
    proof = account.prove(said, challenge.to_dict())
    answer = ProveFrame(server_nonce=proof["server_nonce"], signature=proof["signature"], type_="prove")
    welcome = prove.sync(client=stranger, body=answer)
    assert isinstance(welcome, WelcomeFrame) and welcome.token == proof["signature"]

    member = AuthenticatedClient(base_url=url, token=welcome.token, prefix="Dispatch")
    unknown = AuthenticatedClient(base_url=url, token=welcome.token[::-1], prefix="Dispatch")
    refused = checkpoint.sync_detailed(client=unknown)
    assert refused.status_code == 401 and isinstance(refused.parsed, Problem) and refused.parsed.code == "bad_token"

    latest = checkpoint.sync(client=member)
    assert isinstance(latest, CheckpointFrame)
    seen = {"size": latest.checkpoint.size, "hash": latest.checkpoint.head}
    card: Any = account.card(found.community, 1, seen, 1)
    accepted = submit.sync(client=member, body=SubmittedEntryCard.from_dict(card))
    assert isinstance(accepted, AcceptedEntry) and accepted.index == welcome.size
    gap: Any = account.card(found.community, 7, seen, 7)
    problem = submit.sync_detailed(client=member, body=SubmittedEntryCard.from_dict(gap))
    assert problem.status_code == 409 and isinstance(problem.parsed, Problem)
    assert problem.parsed.type_ == "urn:dispatch-d:refusal:bad_seq"

    chain = blocks.sync(client=member, from_=0)
    assert isinstance(chain, BlocksFrame) and len(chain.blocks) == accepted.index + 1
    kinds = [type(block.entry) for block in chain.blocks]
    assert kinds == [EntryGenesis, EntryRoster, EntryCard], kinds
    nothing = blocks.sync(client=member, from_=len(chain.blocks), wait=10)
    assert isinstance(nothing, BlocksFrame) and nothing.blocks == []

    size = len(chain.blocks)
    proven = inclusion.sync(client=member, index=accepted.index, size=size)
    assert isinstance(proven, Inclusion) and (proven.index, proven.size) == (accepted.index, size)
    extended = consistency.sync(client=member, from_=2, to=size)
    assert isinstance(extended, Consistency) and len(extended.path) == 1
    # Over two blocks and a third, the leaf of the third is the whole proof (RFC 6962, section 2.1.2).
    leaf = hashlib.sha256(b"\0" + base64.urlsafe_b64decode(accepted.hash_ + "=")).digest()
    assert base64.urlsafe_b64decode(extended.path[0] + "=") == leaf
    beyond = inclusion.sync_detailed(client=member, index=size, size=size)
    assert beyond.status_code == 409 and isinstance(beyond.parsed, Problem) and beyond.parsed.code == "unknown_have"
    return f"discovery, hello, prove, an entry, {size} blocks, a checkpoint and two proofs"


if __name__ == "__main__":
    with Served(sys.argv[1]) as served:
        print(f"the generated client: {talk(served.url)}")
