//! A cable that is cut, and a load balancer.

use std::net::SocketAddr;
use std::time::Duration;

use dispatch_testbed::Proxy;
use dispatch_testbed::proxy::Counts;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server that says its name to whoever comes, and then everything back that it is told.
async fn echo(name: u8) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                stream.write_all(&[name]).await.unwrap();
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    (address, serving)
}

async fn byte(stream: &mut TcpStream) -> u8 {
    let mut byte = [0];
    soon(stream.read_exact(&mut byte)).await.unwrap();
    byte[0]
}

async fn dial(proxy: &Proxy) -> (TcpStream, u8) {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let name = byte(&mut stream).await;
    (stream, name)
}

/// Waits until the proxy has seen this.
async fn seen(proxy: &Proxy, so: impl Fn(Counts) -> bool) {
    soon(async {
        while !so(proxy.counts()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What hangs for ever is told.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    let came = tokio::time::timeout(Duration::from_secs(30), what);
    came.await.expect("something comes soon")
}

#[tokio::test]
async fn each_connection_goes_to_the_next_target_and_dead_ones_are_skipped() {
    let ((a, _), (b, _)) = (echo(b'a').await, echo(b'b').await);
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead_address = dead.local_addr().unwrap();
    drop(dead);
    let proxy = Proxy::start(&[a, dead_address, b]).unwrap();
    let mut names = Vec::new();
    for _ in 0..6 {
        names.push(dial(&proxy).await.1);
    }
    assert_eq!(names, b"abbabb");
    proxy.retarget(&[b]);
    assert_eq!(dial(&proxy).await.1, b'b');

    proxy.retarget(&[dead_address]);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap_or(0), 0);
    seen(&proxy, |counts| counts.refused == 1).await;
    assert_eq!(proxy.counts().came, 8);
}

#[tokio::test]
async fn a_cut_holds_everything_back_and_closes_nothing_and_healed_it_goes_on() {
    let (server, _serving) = echo(b'a').await;
    let proxy = Proxy::start(&[server]).unwrap();
    let (mut stream, _) = dial(&proxy).await;
    stream.write_all(b"1").await.unwrap();
    assert_eq!(byte(&mut stream).await, b'1');
    let (mut leaving, _) = dial(&proxy).await;
    seen(&proxy, |counts| counts.bytes == 4).await;

    proxy.cut();
    stream.write_all(b"2").await.unwrap();
    leaving.shutdown().await.unwrap();
    // One that comes now is taken by the system, and hears nothing.
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    late.write_all(b"3").await.unwrap();
    seen(&proxy, |counts| counts.came == 3).await;
    // The proxy has had its turn when it has taken one that came after all of it; still nothing is through.
    for turn in 4..20 {
        let _turn = TcpStream::connect(proxy.address()).await.unwrap();
        seen(&proxy, |counts| counts.came == turn).await;
    }
    assert_eq!(proxy.counts().bytes, 4);
    for stream in [&stream, &leaving, &late] {
        let told = stream.try_read(&mut [0]);
        assert_eq!(told.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    proxy.heal();
    assert_eq!(byte(&mut stream).await, b'2');
    assert_eq!(byte(&mut late).await, b'a');
    assert_eq!(byte(&mut late).await, b'3');
    assert_eq!(soon(leaving.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reset_closes_what_stands_even_behind_a_cut_and_what_comes_then_is_served() {
    let (server, _serving) = echo(b'a').await;
    let proxy = Proxy::start(&[server]).unwrap();
    let (mut first, _) = dial(&proxy).await;
    proxy.cut();
    let mut second = TcpStream::connect(proxy.address()).await.unwrap();
    seen(&proxy, |counts| counts.open == 2).await;
    proxy.reset();
    for stream in [&mut first, &mut second] {
        assert_eq!(soon(stream.read(&mut [0])).await.unwrap_or(0), 0);
    }
    seen(&proxy, |counts| counts.open == 0).await;
    proxy.heal();
    assert_eq!(dial(&proxy).await.1, b'a');
}
