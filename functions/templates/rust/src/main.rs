//! A request runs this program from the start. It finds the request in its environment and on its
//! standard input, and prints the answer; what it prints to standard error is its log.

use std::env;
use std::io::{self, Read};

fn main() -> io::Result<()> {
    let mut body = String::new();
    io::stdin().read_to_string(&mut body)?;

    let variable = |name: &str| env::var(name).unwrap_or_default();
    eprintln!("{} {}", variable("REQUEST_METHOD"), variable("X_FULL_URL"));

    let name = if body.is_empty() { "world" } else { &body };
    println!("Content-Type: text/plain; charset=utf-8\n");
    println!("Hello, {name}! Greetings from Rust.");
    Ok(())
}
