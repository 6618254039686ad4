//! Each step of a message's way, by itself.

use criterion::{Criterion, criterion_group, criterion_main};
use dispatch_benches::keys;

fn verify(criterion: &mut Criterion) {
    let key = keys::make(1).remove(0);
    let signature = key.sign(b"a message");
    criterion.bench_function("RSA-2048 verification, parsed key", |bencher| {
        bencher.iter(|| key.public().verify(b"a message", &signature));
    });
}

criterion_group!(benches, verify);
criterion_main!(benches);
