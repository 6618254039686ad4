//! Faults with keys and signatures: spec/identity.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new("KEY-1/pkcs1", "takes a key in PKCS#1 form, too"),
    Fault::new(
        "KEY-1/missing-null",
        "does not ask for the NULL behind rsaEncryption",
    ),
    Fault::new(
        "KEY-1/pss-algorithm",
        "takes id-RSASSA-PSS for rsaEncryption",
    ),
    Fault::new(
        "KEY-1/ber",
        "takes lengths that are not the shortest, and needless zero bytes",
    ),
    Fault::new(
        "KEY-1/negative",
        "reads a modulus without its sign byte as a positive number",
    ),
    Fault::new("KEY-1/left-over", "ignores bytes behind the key"),
    Fault::new("KEY-2/small", "takes a modulus of fewer than 2048 bits"),
    Fault::new("KEY-2/large", "takes a modulus of more than 4096 bits"),
    Fault::new(
        "KEY-2/odd-size",
        "takes a modulus whose number of bits is no multiple of 8",
    ),
    Fault::new(
        "KEY-2/usual",
        "takes the usual sizes alone: 2048, 3072 and 4096 bits",
    ),
    Fault::new("KEY-3", "takes any public exponent"),
    Fault::new("KEY-4", "takes an even modulus"),
    Fault::new(
        "KEY-5",
        "names an account by the hash of its PKCS#1 key, without the algorithm identifier",
    )
    .spreading("no member's id is the one that they sign"),
    Fault::new(
        "KEY-7",
        "founds the community with the authority's key as server key",
    )
.spreading("block 0 is held against every rule for it in the case that reads it"),
    Fault::new(
        "SIG-1/salt",
        "verifies with a salt of whatever length it finds",
    )
    .spreading("a signature with another fault besides is taken by the looser check"),
    Fault::new("SIG-1/mgf1-sha1", "takes MGF1 with SHA-1, too"),
    Fault::new("SIG-1/sha512", "takes SHA-512, too"),
    Fault::new("SIG-1/pkcs1v15", "takes RSASSA-PKCS1-v1_5, too")
    .spreading("a signature of the older scheme stands for any bad one in cases about refusals, and on the chain for all who read it"),
    Fault::new(
        "SIG-2",
        "reads the signature as a number, whatever its length",
    ),
    Fault::new(
        "SIG-2/cut",
        "takes a signature without its last byte for one to be filled up",
    ),
    Fault::new("SIG-2/256", "takes signatures of 256 bytes alone")
        .spreading("members with longer keys cannot join"),
    Fault::new(
        "SIG-3",
        "reduces the signature by the modulus before it verifies",
    ),
];
