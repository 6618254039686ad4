"""Entries, blocks, trees, checkpoints and chains, from spec/entries.md and spec/chain.md."""

from secrets_and_signatures import card, public_key, verify
from wire import BLOCK, H, Refused, fits, tuple_bytes, unb64

ZERO = bytes(32)


# --- entries


def body_tuple(kind, body):
    if kind == "genesis":
        values = body["name"], unb64(body["authority"]), unb64(body["server_key"]), body["created_at"]
    elif kind == "roster":
        values = [unb64(key) for key in body["add"]], [unb64(account, 32) for account in body["remove"]]
    elif kind == "card":
        values = (unb64(body["x25519"], 32),)
    elif kind in ("epoch", "share"):
        first = body["commitment" if kind == "epoch" else "epoch"]
        wraps = [unb64(item["member"], 32) + unb64(item["wrap"], 80) for item in body["wraps"]]
        values = unb64(first, 32), wraps
    elif kind == "message":
        values = unb64(body["epoch"], 32), unb64(body["salt"], 16), unb64(body["ciphertext_hash"], 32)
    elif kind == "redaction":
        values = body["index"], body["reason"]
    else:
        raise Refused("unknown_kind", kind)
    return tuple_bytes(f"body/{kind}", *values)


def entry_tuple(entry):
    return tuple_bytes(
        "entry",
        unb64(entry["community"], 32),
        entry["kind"],
        unb64(entry["author"], 32),
        entry["seq"],
        entry["seen"]["size"],
        unb64(entry["seen"]["hash"], 32),
        entry["sent_at"],
        H(body_tuple(entry["kind"], entry["body"])),
    )


def entry_id(entry):
    return H(entry_tuple(entry))


def block_tuple(block):
    entry = block["entry"]
    signature = H(unb64(entry["signature"]))
    return tuple_bytes("block", block["index"], unb64(block["prev"], 32), block["time"], entry_id(entry), signature)


def block_hash(block):
    return H(block_tuple(block))


# --- the tree, with the loops of RFC 9162, sections 2.1.3.2 and 2.1.4.2


def leaf(data):
    return H(b"\0" + data)


def node(left, right):
    return H(b"\1" + left + right)


def root(hashes):
    """Level by level: what has no neighbour goes up as it is."""
    if not hashes:
        return H(b"")
    level = [leaf(data) for data in hashes]
    while len(level) > 1:
        pairs = [node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def check_inclusion(index, size, block, path, expected):
    if index >= size:
        raise Refused("bad_inclusion", "no such block")
    at, last, found = index, size - 1, leaf(block)
    for sibling in path:
        if last == 0:
            raise Refused("bad_inclusion", "too long")
        if at & 1 or at == last:
            found = node(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, sibling)
        at, last = at >> 1, last >> 1
    if last or found != expected:
        raise Refused("bad_inclusion", "does not lead there")


def check_consistency(first, second, first_root, second_root, path):
    if not 1 <= first <= second:
        raise Refused("bad_consistency", "sizes")
    if first == second:
        if path or first_root != second_root:
            raise Refused("bad_consistency", "equal sizes")
        return
    path = list(path)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        raise Refused("bad_consistency", "no path")
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused("bad_consistency", "too long")
        if at & 1 or at == last:
            old, new = node(sibling, old), node(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, sibling)
        at, last = at >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise Refused("bad_consistency", "does not lead there")


# --- checkpoints


def checkpoint_tuple(checkpoint):
    hashes = (unb64(checkpoint[name], 32) for name in ("community", "head", "root"))
    community, head, tree = hashes
    return tuple_bytes("checkpoint", community, checkpoint["size"], head, tree, checkpoint["time"])


def check_checkpoint(checkpoint, server, community):
    """CHECK-6."""
    verify(server, checkpoint_tuple(checkpoint), unb64(checkpoint["signature"]), "bad_checkpoint")
    if unb64(checkpoint["community"]) != community or checkpoint["size"] == 0:
        raise Refused("bad_checkpoint", "of another community, or of nothing")


# --- chains


class Account:
    """`cards`: the blocks of its cards; `values`: block → X25519 value."""

    def __init__(self, key):
        self.key, self.member, self.seq, self.seen, self.cards, self.values = key, True, 0, 0, [], {}

    def last_card(self, size):
        return max((index for index in self.cards if index < size), default=None)


class Epoch:
    """`wraps`: who wrapped it, for whom, for the card of which block."""

    def __init__(self, wraps):
        self.wraps, self.stale = set(wraps), False

    @property
    def recipients(self):
        return {recipient for _, recipient, _ in self.wraps}


class Chain:
    """What a client holds that takes block after block, and refuses the first that does not fit."""

    def __init__(self, pinned=None):
        self.pinned, self.hashes, self.ids, self.time = pinned, [], [], 0
        self.accounts, self.epochs, self.messages, self.redacted, self.gaps = {}, {}, {}, set(), set()

    @property
    def size(self):
        return len(self.hashes)

    def head(self, size=None):
        size = self.size if size is None else size
        return self.hashes[size - 1] if size else ZERO

    def take(self, block):
        fits(block, BLOCK, strict=False)
        if block["index"] != self.size:
            raise Refused("bad_index")
        if self.size:
            if unb64(block["prev"]) != self.head():
                raise Refused("bad_prev")
            if block["time"] < self.time:
                raise Refused("bad_time")
            self.take_entry(block["entry"])
        else:
            self.take_genesis(block)
        self.time = block["time"]
        self.hashes.append(block_hash(block))
        self.ids.append(entry_id(block["entry"]))

    def take_genesis(self, block):
        """GEN-1, KEY-7 and GEN-3."""
        entry, body = block["entry"], block["entry"]["body"]
        try:
            if entry["kind"] != "genesis" or body["authority"] == body["server_key"]:
                raise Refused("bad_genesis")
            if (unb64(block["prev"]), entry["seq"], unb64(entry["community"])) != (ZERO, 1, ZERO):
                raise Refused("bad_genesis")
            if (entry["seen"]["size"], unb64(entry["seen"]["hash"])) != (0, ZERO):
                raise Refused("bad_genesis")
            authority, self.server = (public_key(unb64(body[name])) for name in ("authority", "server_key"))
            self.authority = H(unb64(body["authority"]))
            if unb64(entry["author"]) != self.authority:
                raise Refused("bad_genesis")
            verify(authority, entry_tuple(entry), unb64(entry["signature"]))
        except Refused as error:
            raise Refused("bad_genesis", str(error)) from None
        self.community = block_hash(block)
        if self.pinned not in (None, self.community):
            raise Refused("wrong_genesis")
        self.accounts[self.authority] = Account(authority)
        self.accounts[self.authority].seq = 1

    def take_entry(self, entry):
        kind, author = entry["kind"], unb64(entry["author"])
        if kind == "genesis":
            raise Refused("bad_genesis", "behind block 0")
        if unb64(entry["community"]) != self.community:
            raise Refused("wrong_community")
        account = self.accounts.get(author)
        if account is None or not account.member:
            raise Refused("not_allowed")
        verify(account.key, entry_tuple(entry), unb64(entry["signature"]))
        if entry["seq"] != account.seq + 1:
            raise Refused("bad_seq")
        seen = entry["seen"]["size"]
        if not account.seen <= seen <= self.size or seen == 0 or unb64(entry["seen"]["hash"]) != self.head(seen):
            raise Refused("bad_seen")
        getattr(self, f"take_{kind}")(entry, author, seen)
        account.seq, account.seen = entry["seq"], seen

    def take_roster(self, entry, author, _seen):
        if author != self.authority:
            raise Refused("not_authority")
        add = {}
        for text in entry["body"]["add"]:
            key = public_key(unb64(text))
            add[H(unb64(text))] = key
        remove = [unb64(text) for text in entry["body"]["remove"]]
        named = set(add) | set(remove)
        count = len(entry["body"]["add"]) + len(remove)
        members = {account for account, state in self.accounts.items() if state.member}
        if count == 0 or len(named) != count or self.authority in remove:
            raise Refused("bad_roster")
        if members & set(add) or not set(remove) <= members:
            raise Refused("bad_roster")
        for account in remove:
            self.accounts[account].member = False
            for epoch in self.epochs.values():
                epoch.stale |= account in epoch.recipients
        for account, key in add.items():
            self.accounts.setdefault(account, Account(key)).member = True

    def take_card(self, entry, author, _seen):
        card(unb64(entry["body"]["x25519"]))
        self.accounts[author].cards.append(self.size)
        self.accounts[author].values[self.size] = unb64(entry["body"]["x25519"])

    def wraps(self, entry, author, seen):
        """EPOCH-1 to EPOCH-3 and EPOCH-5."""
        members = [unb64(item["member"]) for item in entry["body"]["wraps"]]
        if not members or len(set(members)) != len(members):
            raise Refused("bad_recipient", "none, or one twice")
        for member in members:
            account = self.accounts.get(member)
            if account is None or not account.member or account.last_card(seen) is None:
                raise Refused("bad_recipient", "not on the roster, or without a card")
        return {(author, member, self.accounts[member].last_card(seen)) for member in members}

    def take_epoch(self, entry, author, seen):
        epoch = Epoch(self.wraps(entry, author, seen))
        if author not in epoch.recipients:
            raise Refused("bad_recipient", "the author is none")
        self.epochs[entry_id(entry)] = epoch

    def epoch_of(self, entry, author):
        epoch = self.epochs.get(unb64(entry["body"]["epoch"]))
        if epoch is None:
            raise Refused("unknown_epoch")
        if author not in epoch.recipients:
            raise Refused("not_recipient")
        return epoch

    def take_share(self, entry, author, seen):
        epoch = self.epoch_of(entry, author)
        wraps = self.wraps(entry, author, seen)
        if epoch.wraps & wraps:
            raise Refused("bad_recipient", "wrapped before by this author for this card")
        epoch.wraps |= wraps

    def take_message(self, entry, author, _seen):
        if self.epoch_of(entry, author).stale:
            raise Refused("stale_epoch")
        body = entry["body"]
        if "ciphertext" in body:
            ciphertext = unb64(body["ciphertext"])
            if H(ciphertext) != unb64(body["ciphertext_hash"]):
                raise Refused("bad_ciphertext", "hash")
            if len(ciphertext) <= 16 or (len(ciphertext) - 16) % 128:
                raise Refused("bad_ciphertext", "length")
        else:
            self.gaps.add(self.size)
        self.messages[self.size] = author

    def take_redaction(self, entry, author, _seen):
        index = entry["body"]["index"]
        if index not in self.messages or index in self.redacted:
            raise Refused("bad_redaction")
        if author not in (self.authority, self.messages[index]):
            raise Refused("not_authority")
        self.redacted.add(index)

    # --- what may be written

    def check_writable(self, epoch):
        """ENC-11 and ENC-19."""
        epoch = self.epochs[epoch]
        if epoch.stale:
            raise Refused("stale_epoch")
        for _, recipient, card_block in epoch.wraps:
            account = self.accounts[recipient]
            if account.values[card_block] != account.values[account.cards[-1]]:
                raise Refused("old_card")

    # --- what a server says of the chain

    def agrees(self, checkpoint):
        """Whether a checkpoint describes a prefix of this chain, as far as it is held."""
        size = checkpoint["size"]
        if size > self.size:
            return True
        return (unb64(checkpoint["head"]), unb64(checkpoint["root"])) == (self.head(size), root(self.hashes[:size]))

    def check_welcome(self, size, head, have, kept):
        if size < max(have, kept["size"] if kept else 0):
            raise Refused("rollback")
        if size <= self.size and self.head(size) != head:
            raise Refused("fork", "head of the welcome")

    def check_checkpoint(self, checkpoint, kept):
        check_checkpoint(checkpoint, self.server, self.community)
        same_size = kept and kept["size"] == checkpoint["size"]
        if same_size and any(kept[name] != checkpoint[name] for name in ("head", "root")):
            raise Refused("fork", "the kept checkpoint")
        if not self.agrees(checkpoint) or (kept and not self.agrees(kept)):
            raise Refused("fork", "the chain")

    def check_accepted(self, accepted, entry):
        index = accepted["index"]
        if index < self.size and (self.hashes[index], self.ids[index]) != (unb64(accepted["hash"]), entry):
            raise Refused("fork", "the receipt")

    def check_gaps(self):
        if self.gaps - self.redacted:
            raise Refused("unredacted_gap")


def check_evidence(evidence):
    """EVID-1: the community that is convicted."""
    try:
        chain = Chain()
        chain.take(evidence["genesis"])
        first, second = evidence["first"], evidence["second"]
        for checkpoint in (first, second):
            check_checkpoint(checkpoint, chain.server, chain.community)
        if evidence["format"] != "dispatch-d/1 evidence" or first["size"] > second["size"]:
            raise Refused("bad_evidence")
        if first["size"] == second["size"] and (first["head"], first["root"]) != (second["head"], second["root"]):
            return chain.community
        inclusion = evidence["inclusion"]
        path = [unb64(text, 32) for text in inclusion["path"]]
        block, second_root = unb64(inclusion["block_hash"], 32), unb64(second["root"])
        check_inclusion(first["size"] - 1, second["size"], block, path, second_root)
        if block == unb64(first["head"]):
            raise Refused("bad_evidence", "growth is no fork")
    except (Refused, KeyError) as error:
        raise Refused("bad_evidence", str(error)) from None
    return chain.community
