//! What an attached service answers.

use super::tests;
use crate::runner::{LAB, Runner};
use libtest_mimic::Trial;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

pub(super) fn cases() -> Vec<Trial> {
    tests(
        "servers",
        &[
            ("answers-garbage", garbage),
            ("answers-nothing", nothing),
            ("hangs-in-the-middle", hangs),
            ("closes-at-once", closes),
            ("nobody-listens", nobody),
            ("sends-without-end", without_end),
        ],
    )
}

/// A server on a port of its own that treats every connection in this way, until the test's process ends.
fn server(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    url
}

fn attach(url: &str) {
    let runner = Runner::validate(&[LAB, "--attach", url]);
    let ended = runner.env("LAB_ADMIN_USERNAME", "admin").env("LAB_ADMIN_PASSWORD", "not-a-real-password").run();
    ended.expect(1, &["healthy"]);
    assert_eq!((ended.count("passed"), ended.count("harness_error")), (0, 0), "{}", ended.text);
}

fn read_request(stream: &mut TcpStream) {
    let mut request = [0; 4096];
    // What was asked does not matter; an error shows again when the answer is written.
    drop(stream.read(&mut request));
}

fn garbage() {
    attach(&server(|mut stream| {
        read_request(&mut stream);
        drop(stream.write_all(b"\x00\xff\x13\x37 this is not HTTP\r\n\r\n"));
    }));
}

fn nothing() {
    attach(&server(|mut stream| {
        let mut sink = Vec::new();
        drop(stream.read_to_end(&mut sink));
    }));
}

fn hangs() {
    attach(&server(|mut stream| {
        read_request(&mut stream);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nOK"));
        let mut sink = Vec::new();
        drop(stream.read_to_end(&mut sink));
    }));
}

fn closes() {
    attach(&server(drop));
}

fn nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    attach(&url);
}

fn without_end() {
    attach(&server(|mut stream| {
        read_request(&mut stream);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        let block = vec![b'x'; 1 << 16];
        while stream.write_all(&block).is_ok() {}
    }));
}
