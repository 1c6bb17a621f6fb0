//! Against a server made of bytes.

use tokio::io::DuplexStream;

use super::*;

/// The answer to `CloseSession`, number 7, without a result.
fn answer() -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, 2, 0, 0, 0, 4];
    bytes.extend(b"Ping");
    bytes.extend([0, 0, 0, 7, 12, 0, 0, 11, 0, 1, 0, 0, 0, 2, b'o', b'k', 0, 0]);
    bytes
}

/// Plays a server that reads so many bytes, and writes these one after the other before it leaves.
async fn serve(mut server: DuplexStream, reads: usize, parts: Vec<Vec<u8>>) -> Vec<u8> {
    let mut read = vec![0; reads];
    server.read_exact(&mut read).await.unwrap();
    for part in parts {
        server.write_all(&part).await.unwrap();
        server.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    read
}

async fn exchanged(framed: bool, parts: Vec<Vec<u8>>) -> io::Result<Vec<u8>> {
    let (client, server) = tokio::io::duplex(1024);
    let mut wire = Wire {
        stream: Box::new(client),
        framed,
    };
    let reads = if framed { 4 + 5 } else { 5 };
    let (answer, read) = tokio::join!(wire.exchange(b"hello"), serve(server, reads, parts));
    assert!(read.ends_with(b"hello"));
    answer
}

fn frame(payload: &[u8]) -> Vec<u8> {
    [&prefix(payload.len()).unwrap(), payload].concat()
}

#[tokio::test]
async fn an_answer_is_whole_wherever_it_is_cut() {
    let whole = answer();
    let framed = frame(&whole);
    for cut in 1..whole.len() {
        let parts = vec![whole[..cut].to_vec(), whole[cut..].to_vec()];
        assert_eq!(exchanged(false, parts).await.unwrap(), whole, "{cut}");
        let parts = vec![framed[..cut].to_vec(), framed[cut..].to_vec()];
        assert_eq!(exchanged(true, parts).await.unwrap(), whole, "{cut}");
        let parts = vec![frame(&whole[..cut]), frame(&whole[cut..])];
        assert_eq!(exchanged(true, parts).await.unwrap(), whole, "{cut}");
        // The server leaves in the middle.
        for (is_framed, bytes) in [(false, &whole), (true, &framed)] {
            let error = exchanged(is_framed, vec![bytes[..cut].to_vec()]).await;
            let kind = error.unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{cut}");
        }
    }
}

#[tokio::test]
async fn hostile_lengths_are_refused_and_take_no_memory() {
    for bytes in [
        &[0xff, 0xff, 0xff, 0xff][..],
        &[0x10, 0, 0, 1],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ] {
        let error = exchanged(true, vec![bytes.to_vec()]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bytes:?}");
    }
    // Announced, and never sent.
    let error = exchanged(true, vec![vec![0x0f, 0xff, 0xff, 0xff, 1]]).await;
    let kind = error.unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::UnexpectedEof);
    let two = [answer(), answer()].concat();
    let error = exchanged(false, vec![two]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

/// What a client says who is told this by the server.
async fn greeted(words: &[u8]) -> (io::Result<Result<Wire, Refusal>>, Vec<u8>) {
    let (client, server) = tokio::io::duplex(1024);
    let said = 5 + 5 + 5 + "\0ann\0secret".len();
    let greeting = Wire::sasl(Box::new(client), "ann", "secret");
    tokio::join!(greeting, serve(server, said, vec![words.to_vec()]))
}

#[tokio::test]
async fn a_user_is_taken_or_refused_in_the_servers_words() {
    let (wire, said) = greeted(&[COMPLETE, 0, 0, 0, 0]).await;
    assert!(wire.unwrap().unwrap().framed);
    assert_eq!(said, b"\x01\0\0\0\x05PLAIN\x02\0\0\0\x0b\0ann\0secret");
    let (wire, _) = greeted(&[OK, 0, 0, 0, 0, COMPLETE, 0, 0, 0, 1, b'x']).await;
    assert!(wire.unwrap().is_ok());
    let (wire, _) = greeted(b"\x03\0\0\0\x04nope").await;
    assert_eq!(wire.unwrap().unwrap_err().0, "nope");
    for strange in [&b"HTTP/1.1 400 Bad Request"[..], b"\x09\0\0\0\0", b"\x05"] {
        assert!(greeted(strange).await.0.is_err());
    }
}
