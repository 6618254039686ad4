//! Faults in judging entries: spec/entries.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new("ENTRY-1", "answers an unknown kind with malformed")
        .spreading("a case about long details has an unknown kind refused"),
    Fault::new(
        "ENTRY-1/body",
        "looks at the body before it looks at the kind",
    ),
    Fault::new("ENTRY-2", "does not look at the community")
        .spreading("a case about numbers has an entry of another community refused"),
    Fault::new("ENTRY-3", "does not verify entries' signatures")
        .spreading("cases of other rules refuse an entry by its signature"),
    Fault::new("ENTRY-3/anyone", "lets any member's key verify an entry"),
    Fault::new("ENTRY-4", "does not look at seq")
        .spreading("cases of other rules refuse an entry by its number"),
    Fault::new("ENTRY-4/gap", "asks that seq is greater than the last")
        .spreading("cases about details have an entry with a gap refused"),
    Fault::new(
        "ENTRY-4/zero",
        "counts from 0, and takes a first seq of 0 or 1",
    ),
    Fault::new(
        "ENTRY-4/shared",
        "counts the entries of all members together",
    )
    .spreading("whoever writes after another member is refused"),
    Fault::new(
        "ENTRY-5",
        "refuses an entry that it has already with bad_seq",
    )
    .spreading("a case about answers offers an entry twice"),
    Fault::new("ENTRY-5/again", "appends an entry again")
        .spreading("the author's later entries get other numbers"),
    Fault::new(
        "ENTRY-5/signature",
        "knows an entry again only by the same signature",
    ),
    Fault::new(
        "ENTRY-5/connection",
        "knows an entry again only on the connection that brought it",
    ),
    Fault::new(
        "ENTRY-5/head",
        "answers a repeat with the newest block's index and hash",
    ),
    Fault::new("ENTRY-6", "applies the rules of the kind to a repeat"),
    Fault::new("ENTRY-6/seen", "applies the rules on seen to a repeat"),
    Fault::new("ENTRY-7", "does not look at seen"),
    Fault::new(
        "ENTRY-7/hash",
        "looks at the size of seen and not at its hash",
    ),
    Fault::new("ENTRY-7/zero", "takes a seen of size 0"),
    Fault::new("ENTRY-7/index", "takes the size in seen for an index, too"),
    Fault::new("ENTRY-8", "lets seen fall behind the author's entry before"),
    Fault::new("ENTRY-9", "does not look at sent_at")
        .spreading("a case about what a refusal leaves behind has an old entry refused"),
    Fault::new("ENTRY-9/past", "lets sent_at be as old as it likes")
        .spreading("a case about what a refusal leaves behind has an old entry refused"),
    Fault::new("ENTRY-9/future", "lets sent_at lie in the future"),
    Fault::new("ENTRY-11", "asks that seen is the newest head")
        .spreading("entries that are posted in a row, or beside other cases, are refused"),
    Fault::new(
        "ENTRY-11/same-time",
        "refuses an entry whose sent_at is earlier than its author's last",
    )
    .spreading("cases with other clocks' times in order to show something else"),
    Fault::new("ENTRY-11/reason", "refuses a redaction without a reason")
        .spreading("a case about long frames redacts what it wrote, without a reason"),
    Fault::new(
        "ENTRY-11/authority",
        "takes for members whom a roster entry added, and so not the authority",
    )
    .spreading("cases in which the authority reads along cannot make an epoch for it"),
    Fault::new(
        "ENTRY-16",
        "judges an entry by the chain that its author had seen",
    )
    .spreading("entries that are posted in a row are refused"),
    Fault::new("GEN-2", "appends another genesis"),
    Fault::new(
        "GEN-2/repeat",
        "answers its own genesis as an entry that it has already",
    ),
    Fault::new("GEN-2/code", "answers genesis with unknown_kind"),
    Fault::new("ROST-1", "lets any member change the roster"),
    Fault::new("ROST-2", "does not look at keys that are added"),
    Fault::new("ROST-3", "lets a member be added again"),
    Fault::new("ROST-4", "ignores that a removed account was no member"),
    Fault::new("ROST-5", "lets the authority be removed"),
    Fault::new("ROST-6", "does not look for accounts that are named twice"),
    Fault::new(
        "ROST-6/lists",
        "looks for accounts that are named twice in each list alone",
    ),
    Fault::new(
        "ROST-6/removed-first",
        "takes the removals off the roster before it judges the additions",
    ),
    Fault::new("ROST-7", "appends a roster entry that changes nothing"),
    Fault::new("ROST-8", "reads the roster for joins when it starts")
        .spreading("whoever is added during the run cannot join"),
    Fault::new("ROST-9", "refuses to add an account that was removed")
        .spreading("cases that remove a member put them back"),
    Fault::new("ROST-9/seq", "counts a returned account's entries from 1")
        .spreading("members who came back go on writing in other cases"),
    Fault::new("ROST-9/seen", "forgets how far a returned account had seen"),
    Fault::new("CARD-1", "takes cards that are not below 2^255 - 19"),
    Fault::new("CARD-2", "does not look for points of small order")
        .spreading("a case about problems has a card of zeros refused"),
    Fault::new("CARD-2/zero", "refuses the zero point alone"),
    Fault::new("EPOCH-1", "lets strangers be recipients of an epoch"),
    Fault::new("EPOCH-1/share", "lets strangers be recipients of a share"),
    Fault::new(
        "EPOCH-1/former",
        "takes an account that once was a member for one",
    ),
    Fault::new("EPOCH-2", "asks for no card in an epoch"),
    Fault::new("EPOCH-2/share", "asks for no card in a share"),
    Fault::new(
        "EPOCH-2/seen",
        "looks for cards in the whole chain and not in the seen prefix",
    ),
    Fault::new("EPOCH-3", "lets an epoch name a recipient twice"),
    Fault::new("EPOCH-3/share", "lets a share name a recipient twice"),
    Fault::new("EPOCH-4", "does not ask the author to be a recipient"),
    Fault::new(
        "EPOCH-4/first",
        "asks that the author is the first recipient",
    )
    .spreading("a case whose wraps are in another order"),
    Fault::new("EPOCH-5", "takes an epoch without wraps"),
    Fault::new("EPOCH-5/share", "takes a share without wraps"),
    Fault::new("SHARE-1", "takes a share of an epoch that it does not have"),
    Fault::new("SHARE-1/kind", "takes any entry's id for an epoch's"),
    Fault::new("SHARE-2", "lets any member share").spreading(
        "a case about cards has a share refused because its author cannot read the epoch",
    ),
    Fault::new("SHARE-2/shared", "lets the first recipients alone share")
        .spreading("whoever an epoch was shared with shares it in cases about wraps"),
    Fault::new("SHARE-3", "lets the same wrap be shared again and again"),
    Fault::new(
        "SHARE-3/anyone",
        "refuses a second wrap for a recipient, whoever made the first",
    ),
    Fault::new(
        "SHARE-3/card",
        "refuses a second wrap by one author, whatever new card there is",
    ),
    Fault::new("MSG-1", "takes a message of an epoch that it does not have"),
    Fault::new("MSG-2", "lets any member write to any epoch"),
    Fault::new("MSG-2/shared", "lets the first recipients alone write")
        .spreading("a case in which who was shared an epoch writes under it"),
    Fault::new("MSG-3", "does not know stale epochs"),
    Fault::new(
        "MSG-3/return",
        "takes an epoch for good again when the removed member returns",
    ),
    Fault::new(
        "MSG-3/shared",
        "looks at the first recipients alone when a member is removed",
    ),
    Fault::new(
        "MSG-3/earlier",
        "counts removals from before an account became a recipient",
    ),
    Fault::new(
        "MSG-3/anyone",
        "calls every epoch stale when any member is removed",
    )
    .spreading("a removal in one case makes the epochs of others stale"),
    Fault::new("MSG-4", "does not hash the ciphertext"),
    Fault::new("MSG-5", "does not look at the ciphertext's length"),
    Fault::new(
        "MSG-5/empty",
        "takes a ciphertext that is a tag and nothing else",
    ),
    Fault::new(
        "MSG-5/tag",
        "asks for a multiple of 128 and forgets the tag",
    )
    .spreading("no real message has such a length, so that none is accepted"),
    Fault::new("MSG-6", "takes a message without its ciphertext"),
    Fault::new(
        "RED-1",
        "takes a redaction of a block that it does not have",
    ),
    Fault::new("RED-1/kind", "takes a redaction of any block"),
    Fault::new("RED-2", "takes a second redaction of a message"),
    Fault::new("RED-3", "lets any member redact"),
    Fault::new("RED-3/author", "lets the authority alone redact")
        .spreading("cases that redact their own message are refused"),
    Fault::new("RED-3/authority", "lets the author alone redact"),
    Fault::new("RED-4", "goes on serving a redacted ciphertext")
        .spreading("a case about who may redact sees by the missing ciphertext that it was done"),
    Fault::new("RED-4/null", "writes null for a redacted ciphertext")
        .spreading("a case about who may redact sees by the missing ciphertext that it was done"),
];
