//! One connection to a broker: requests out, answers in, in order. Blocks.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{
    Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer,
};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Longest a broker may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest it may be silent while an answer is due.
pub(super) const SILENCE: Duration = Duration::from_secs(15);
/// No answer we ask for comes near it.
const LARGEST_ANSWER: usize = 64 << 20;
/// A buffer that grew beyond this is not kept.
const BUFFER: usize = 1 << 20;

/// See the module. After an error it must not be used again: it is not known what has been read.
pub(super) struct Connection {
    address: String,
    stream: TcpStream,
    client: StrBytes,
    /// Requests sent and answers read so far: brokers answer in order.
    sent: i32,
    answered: i32,
    buffer: BytesMut,
}

impl Connection {
    /// Connects to `host:port`.
    pub(super) fn open(address: &str, client: StrBytes) -> Result<Self, String> {
        let failed = |e: std::io::Error| format!("broker {address} can't be reached: {e}");
        let mut last = format!("broker {address}: the name has no address");
        for candidate in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&candidate, CONNECT) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    stream.set_read_timeout(Some(SILENCE)).map_err(failed)?;
                    stream.set_write_timeout(Some(SILENCE)).map_err(failed)?;
                    let (address, buffer) = (address.to_owned(), BytesMut::new());
                    return Ok(Self { address, stream, client, sent: 0, answered: 0, buffer });
                }
                Err(error) => last = failed(error),
            }
        }
        Err(last)
    }

    /// Asks and waits for the answer.
    pub(super) fn call<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response, String> {
        self.send(request, version)?;
        self.receive::<R>(version)
    }

    /// Asks.
    pub(super) fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<(), String> {
        self.sent = self.sent.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.sent)
            .with_client_id(Some(self.client.clone()));
        self.buffer.clear();
        self.buffer.put_u32(0);
        encode_request_header_into_buffer(&mut self.buffer, &header).map_err(|e| self.wrong(&e))?;
        request.encode(&mut self.buffer, version).map_err(|e| self.wrong(&e))?;
        let length = u32::try_from(self.buffer.len() - 4).map_err(|e| self.wrong(&e))?;
        self.buffer[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&self.buffer).map_err(|e| self.wrong(&e))?;
        if self.buffer.capacity() > BUFFER {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }

    /// Waits for the next answer.
    pub(super) fn receive<R: Request>(&mut self, version: i16) -> Result<R::Response, String> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(|e| self.wrong(&e))?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LARGEST_ANSWER {
            return Err(self.wrong(&format!("an answer of {length} bytes")));
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).map_err(|e| self.wrong(&e))?;
        let mut bytes = Bytes::from(bytes);
        let header = ResponseHeader::decode(&mut bytes, R::Response::header_version(version))
            .map_err(|e| self.wrong(&e))?;
        self.answered = self.answered.wrapping_add(1);
        if header.correlation_id != self.answered {
            return Err(self.wrong(&"an answer to another question"));
        }
        R::Response::decode(&mut bytes, version).map_err(|e| self.wrong(&e))
    }

    /// Whether the broker still listens, and owes no answer. (Brokers hang up on who is silent for ten minutes.)
    pub(super) fn is_alive(&self) -> bool {
        let silent = || {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        };
        matches!(silent(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    fn wrong(&self, why: &impl ToString) -> String {
        format!("broker {}: {}", self.address, why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::ApiVersionsRequest;
    use std::net::TcpListener;

    fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let connection = Connection::open(&address, StrBytes::from_static_str("test")).expect("connects");
        (connection, listener.accept().expect("accepts").0)
    }

    #[test]
    fn a_broker_that_hung_up_or_says_what_nobody_asked_is_not_alive() {
        let (connection, broker) = pair();
        assert!(connection.is_alive());
        drop(broker);
        // It may take a moment until the end arrives.
        while connection.is_alive() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (connection, mut broker) = pair();
        broker.write_all(b"x").expect("sends");
        while connection.is_alive() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        let answers: [(&[u8], &str); 3] = [
            (&[0, 0, 0, 4, 0, 0, 0, 7], "another question"),
            (&[0xff, 0xff, 0xff, 0xff], "4294967295 bytes"),
            (&[0, 0, 0, 6, 0, 0, 0, 1, 0, 0], "broker 127"),
        ];
        for (bytes, reason) in answers {
            let (mut connection, mut broker) = pair();
            broker.write_all(bytes).expect("sends");
            let error = connection.call(&ApiVersionsRequest::default(), 3).expect_err("no answer");
            assert!(error.contains(reason), "{error}");
        }
    }
}
