//! A commit that took more than a second may have been sent twice below us, and its second decision may come late, to the next
//! commit under its id: so its producer is not used again. The broker is this test's own, for it is frozen now and then.

#![allow(clippy::unwrap_used)]

mod kafka_support;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, DescribeTransactionsRequest, DescribeTransactionsResponse, RequestHeader, ResponseHeader,
    TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use kafka_support::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How often one of a node's producers has decided or been opened, by its epoch: both raise it by one.
fn epoch(id: &str) -> i64 {
    let mut request = BytesMut::new();
    request.put_u32(0);
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::DescribeTransactions as i16)
        .with_client_id(Some(StrBytes::from_static_str("test")));
    header.encode(&mut request, DescribeTransactionsRequest::header_version(0)).unwrap();
    let ids = vec![TransactionalId(StrBytes::from_string(id.to_owned()))];
    DescribeTransactionsRequest::default().with_transactional_ids(ids).encode(&mut request, 0).unwrap();
    let length = u32::try_from(request.len() - 4).unwrap();
    request[..4].copy_from_slice(&length.to_be_bytes());

    let mut broker = TcpStream::connect(broker()).unwrap();
    broker.write_all(&request).unwrap();
    let mut length = [0; 4];
    broker.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    broker.read_exact(&mut answer).unwrap();
    let mut answer = Bytes::from(answer);
    ResponseHeader::decode(&mut answer, DescribeTransactionsResponse::header_version(0)).unwrap();
    let answer = DescribeTransactionsResponse::decode(&mut answer, 0).unwrap();
    answer.transaction_states[0].producer_epoch.into()
}

/// A node that commits one record after the other.
struct Committing {
    node: Node,
    sequence: u64,
    hash: u64,
}

impl Committing {
    fn commit(&mut self) {
        self.sequence += 1;
        let (mut batch, hash) = batch(0, self.sequence, self.hash);
        self.node.commit(&mut batch).unwrap();
        self.hash = hash;
    }

    /// What its producers' epochs rise by besides one for each commit while `run` makes commits.
    fn reopened(&mut self, run: impl FnOnce(&mut Self)) -> i64 {
        let epochs = || epoch("slow-a-0-0") + epoch("slow-a-0-1");
        let (before, commits) = (epochs(), self.sequence);
        run(self);
        epochs() - before - i64::try_from(self.sequence - commits).unwrap()
    }
}

#[test]
fn a_producer_whose_commit_took_more_than_a_second_is_not_used_again() {
    let node = Node::start("slow", "a");
    node.taken(0);
    let mut committing = Committing { node, sequence: 0, hash: 0 };
    let quick = committing.reopened(|committing| (0..20).for_each(|_| committing.commit()));
    assert_eq!(quick, 0, "quick commits go on under the same producers");

    // Whether it is the decision that is held up, or still the records, is chance.
    let caught = (0..15).any(|_| {
        let reopened = committing.reopened(|committing| {
            let frozen = std::thread::spawn(|| freeze_broker(Duration::from_millis(1_500)));
            while !frozen.is_finished() {
                committing.commit();
            }
            // Another one is opened when it is needed: by turns.
            (0..2).for_each(|_| committing.commit());
        });
        reopened > 0
    });
    assert!(caught, "no producer was opened anew after any of 15 slow commits");
}
