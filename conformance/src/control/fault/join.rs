//! Faults in joins and sessions: spec/join.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new("JOIN-2", "does not look at the origin"),
    Fault::new("JOIN-2/case", "compares origins without regard to case"),
    Fault::new("JOIN-2/slash", "takes an origin with a slash behind it"),
    Fault::new("JOIN-2/prefix", "asks that the origin begins with its own"),
    Fault::new(
        "JOIN-2/host",
        "compares hosts and ports, and not the scheme",
    ),
    Fault::new(
        "JOIN-3",
        "believes the Host header, and takes an origin made of it for its own",
    ),
    Fault::new("JOIN-4", "does not look at the version")
        .spreading("a case about several faults in one hello asks for the version's code, too"),
    Fault::new(
        "JOIN-4/prefix",
        "takes every version that begins with dispatch-d/1",
    ),
    Fault::new(
        "JOIN-4/order",
        "looks at the version after the other members",
    )
    .spreading("a case about several faults in one hello asks for the version's code, too"),
    Fault::new(
        "JOIN-5",
        "takes the key as it is until a signature is to be verified",
    ),
    Fault::new(
        "JOIN-6",
        "tells a stranger at the hello that they are not on the roster",
    )
    .spreading("cases in which a stranger proves, or who was removed comes back, get no challenge"),
    Fault::new("JOIN-7", "draws one nonce when it starts")
        .spreading("a nonce that comes again can be proved again"),
    Fault::new("JOIN-7/connection", "draws one nonce for each connection"),
    Fault::new(
        "JOIN-7/account",
        "makes the nonce from the account's id and nonce, so that it repeats",
    )
    .spreading("a nonce that comes again can be proved again"),
    Fault::new(
        "JOIN-8",
        "gives challenges a minute, whatever it advertises",
    ),
    Fault::new("JOIN-8/seconds", "rounds the time down to seconds"),
    Fault::new(
        "JOIN-9",
        "takes the last challenge, whatever nonce is named",
    ),
    Fault::new(
        "JOIN-9/shared",
        "finds challenges by their nonce, on whichever connection",
    ),
    Fault::new(
        "JOIN-9/code",
        "answers a prove without a challenge with unexpected_frame",
    )
    .spreading("a challenge that is over is refused by the same code"),
    Fault::new("JOIN-10", "does not look at the challenge's expires_at"),
    Fault::new("JOIN-11", "does not verify the proof")
        .spreading("a key's size is shown by a proof that must be refused"),
    Fault::new("JOIN-11/anyone", "lets any member's key verify the proof")
        .spreading("cases in which a stranger's proof is refused see another code"),
    Fault::new("JOIN-12", "lets strangers in")
        .spreading("cases that see a roster change by who may join see none"),
    Fault::new(
        "JOIN-12/order",
        "looks into the roster before it verifies, and tells a stranger without a proof",
    )
    .spreading("a key's size is shown by a stranger's proof"),
    Fault::new("JOIN-13", "keeps a challenge after a proof that failed"),
    Fault::new(
        "JOIN-13/not-allowed",
        "keeps a challenge after a good proof that it refused",
    ),
    Fault::new("JOIN-14", "does not look at the hash in have"),
    Fault::new(
        "JOIN-14/ignored",
        "sends the whole chain where have does not fit",
    )
    .spreading("a case about resume sends a have that does not fit, and blocks come twice"),
    Fault::new("JOIN-14/zero", "does not look at the hash of an empty have"),
    Fault::new("JOIN-15", "makes up a random token")
        .spreading("no client knows a welcome whose token is not its proof"),
    Fault::new(
        "JOIN-15/hash",
        "gives the hash of the signature as the token",
    )
    .spreading("no client knows a welcome whose token is not its proof"),
    Fault::new(
        "JOIN-16",
        "signs welcomes with another key than that of genesis",
    )
    .spreading("cases about resume verify the welcomes that they get"),
    Fault::new(
        "JOIN-16/token",
        "leaves the token out of the welcome's signature",
    )
    .spreading("cases about resume verify the welcomes that they get"),
    Fault::new(
        "JOIN-16/nonce",
        "signs its own nonce twice and the client's never",
    )
    .spreading("cases about resume verify the welcomes that they get"),
    Fault::new("JOIN-16/expires", "signs the challenge's expires_at"),
    Fault::new(
        "JOIN-16/repeated",
        "repeats the signature of the account's first welcome",
    )
    .spreading("cases about resume verify the welcomes that they get"),
    Fault::new("JOIN-18", "does not look at the session_ms of the hello")
        .spreading("cases that wait for a short session's end wait in vain"),
    Fault::new(
        "JOIN-18/longer",
        "grants whatever session_ms the hello asks for",
    ),
    Fault::new(
        "JOIN-22",
        "welcomes a proof into the chain that it knew of at the hello",
    )
    .spreading("a case about the welcome's checkpoint appends between the hello and the prove"),
    Fault::new(
        "JOIN-22/resume",
        "welcomes a resume into the chain as it was when its session began",
    )
    .spreading("whoever resumes with the head that they hold is shown less than that"),
    Fault::new("SESS-1", "does not look at the token of a submit")
        .spreading("cases of other rules refuse a submit by its token"),
    Fault::new("SESS-1/any", "takes any live session's token in a submit")
        .spreading("a case about who is told a token tries to write with another's"),
    Fault::new(
        "SESS-2",
        "lets a member submit another member's signed entry",
    ),
    Fault::new(
        "SESS-2/session",
        "verifies an entry by the session's key, whoever its author is",
    ),
    Fault::new("SESS-3", "never ends a session by its time")
        .spreading("a case about removal waits for a session's end first"),
    Fault::new(
        "SESS-3/silent",
        "closes without a bye when a session's time is over",
    )
    .spreading("a case about removal waits for a session's end first"),
    Fault::new("SESS-3/idle", "counts a session's time from its last frame")
        .spreading("a session that is resumed has another end than it was granted"),
    Fault::new(
        "SESS-3/code",
        "says `removed` when a session's time is over",
    )
    .spreading("a case about removal waits for a session's end first"),
    Fault::new("SESS-4", "does not look whether a resumed session is over")
        .spreading("a case about removal resumes a session that is over"),
    Fault::new(
        "SESS-4/prefix",
        "compares the first sixteen bytes of a token",
    )
    .spreading("a case about details resumes by a token with its end changed"),
    Fault::new(
        "SESS-4/hash",
        "keeps tokens' hashes, and compares what comes with them as it stands, too",
    ),
    Fault::new("SESS-5", "keeps a removed member's sessions and streams")
        .spreading("cases of the roster and of returned members see a removal by its `bye`"),
    Fault::new(
        "SESS-5/silent",
        "drops a removed member's connections without a bye",
    )
    .spreading("cases of the roster and of returned members see a removal by its `bye`"),
    Fault::new(
        "SESS-5/token",
        "closes a removed member's connections and keeps the sessions",
    )
    .spreading("a token that a removal did not end is honoured later, too"),
    Fault::new(
        "SESS-5/one",
        "ends the first session of a removed member and forgets the others",
    )
    .spreading("a token that a removal did not end is honoured later, too"),
    Fault::new(
        "SESS-5/expired",
        "loses an account's list of sessions when one of them runs out",
    ),
    Fault::new(
        "SESS-5/next",
        "ends a removed member's connections at the next frame that they send",
    )
    .spreading("cases of the roster and of returned members see a removal by its `bye`"),
    Fault::new(
        "SESS-6",
        "pushes to a removed member until the next block has gone out",
    )
    .spreading("cases with a removal see the block that comes too late"),
    Fault::new(
        "SESS-7",
        "lets a session rest while its member is away, and go on after the return",
    ),
    Fault::new(
        "SESS-8",
        "quotes the token in the detail of a refused submit",
    )
    .spreading("a token in a detail is found by the case that looks for one there"),
    Fault::new(
        "SESS-8/pushed",
        "pushes the frame of a submit, token and all, inside the block",
    )
    .spreading("a block whose entry has a member more is another statement"),
    Fault::new(
        "SESS-11",
        "ends a member's older session when they join again",
    )
    .spreading("cases in which one member has two connections lose the first"),
    Fault::new(
        "SESS-12",
        "answers a resume with the join's welcome signature over the old nonce",
    ),
    Fault::new(
        "SESS-12/expires",
        "starts the session's time anew at a resume",
    )
    .spreading(
        "a case about a session's end resumes it, and holds the two ends against each other",
    ),
    Fault::new("SESS-13", "does not look at the have of a resume"),
    Fault::new(
        "SESS-13/ends",
        "ends the session when the have of a resume does not fit",
    ),
    Fault::new(
        "SYNC-1",
        "takes the size in have for the last index, and begins one block late",
    )
    .spreading("every join that says what it holds misses a block"),
    Fault::new("SYNC-1/own", "does not push a block to its author")
        .spreading("most cases wait for their own block on their own connection"),
    Fault::new("SYNC-1/others", "pushes a block to its author alone")
        .spreading("cases with two members wait for each other's blocks"),
    Fault::new("SYNC-1/ignores", "begins at 0, whatever have says")
        .spreading("blocks that were not asked for stand before those that a case waits for"),
    Fault::new("SYNC-2", "sends the blocks so far in falling order")
        .spreading("every join of a chain of two blocks sees it"),
    Fault::new(
        "SYNC-2/twice",
        "subscribes before it reads, and sends the last block so far twice",
    )
    .spreading("every join sees it"),
    Fault::new(
        "SYNC-2/gap",
        "remembers the chain's size at the hello, and pushes what comes after the welcome",
    )
    .spreading("a case about the welcome's checkpoint waits for a block that falls into the gap"),
    Fault::new("SYNC-4", "skips blocks for a slow reader"),
    Fault::new(
        "SYNC-4/silent",
        "drops a slow reader's connection without a bye",
    ),
    Fault::new("SYNC-5", "sends all that is due in one frame"),
    Fault::new("SUB-1", "does not answer an entry that it has already")
        .spreading("cases that repeat an entry get no answer"),
    Fault::new(
        "SUB-1/twice",
        "answers twice: when it took the entry and when it was appended",
    )
    .spreading("the second answer is taken for that to the next frame"),
    Fault::new("SUB-3", "leaves the ref out")
        .spreading("answers are told apart by their ref in every case"),
    Fault::new("SUB-3/refused", "leaves the ref out of refusals")
        .spreading("answers are told apart by their ref in every case"),
    Fault::new(
        "SUB-3/first",
        "answers with the first ref that the connection used",
    )
    .spreading("answers are told apart by their ref in every case"),
    Fault::new(
        "SUB-4",
        "verifies a connection's entries side by side, and appends the last that came first",
    )
    .spreading("cases that post several entries at once count on their order"),
    Fault::new(
        "SESS-14/submit",
        "takes a submit before the welcome, if its token is a live session's",
    ),
    Fault::new("SESS-14/hello", "takes a hello while a proof is awaited"),
    Fault::new(
        "SESS-14/expired",
        "takes a hello once the challenge has expired",
    ),
    Fault::new("SESS-14/resume", "takes a resume while a proof is awaited"),
    Fault::new("SESS-14/again", "takes hello and resume after a welcome")
        .spreading("a case about refusals says hello twice"),
    Fault::new(
        "SESS-14/prove",
        "answers a prove after the welcome with no_challenge",
    ),
    Fault::new(
        "SESS-15/malformed",
        "forgets the challenge when a frame is malformed",
    )
    .spreading("cases of other refusals go on with the challenge"),
    Fault::new(
        "SESS-15/unexpected",
        "forgets the challenge when a frame is unexpected",
    )
    .spreading("a challenge is waited for while another frame is refused"),
    Fault::new(
        "SESS-15/nonce",
        "forgets the challenge when another nonce is named",
    ),
    Fault::new(
        "SESS-15/open",
        "ends the session's connection state when a submit is refused",
    )
    .spreading("most refusals of entries are followed by one that is accepted"),
    Fault::new(
        "SESS-21",
        "forgets an account's oldest session at the 256th, and not at the one beyond",
    ),
];
