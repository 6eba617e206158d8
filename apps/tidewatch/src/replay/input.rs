//! The lines of a file or of stdin, numbered, as they arrive: plain or compressed with gzip, in UTF-8 or UTF-16, one
//! event per line or as the elements of a JSON array.

mod decode;
mod elements;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::line::MAX_LINE_BYTES;
use crate::exit::usage;
use decode::{Compression, Decoded};
use elements::Elements;

/// Lines to read ahead of sending.
const READ_AHEAD: usize = 1024;
const BUFFER: usize = 64 * 1024;

/// One line, or one element of a JSON array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Line number, from 1.
    pub number: u64,
    /// The line without its newline; if it is longer than [`MAX_LINE_BYTES`], the first `MAX_LINE_BYTES + 1` bytes.
    pub bytes: Vec<u8>,
    /// The offset in the input at which it ended, in bytes.
    pub end: u64,
}

/// A log to read.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    /// Size in bytes, if it is a file.
    pub size: Option<u64>,
}

impl Input {
    /// Opens a file, or stdin for `-`.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if is_stdin(path) {
            if io::stdin().is_terminal() {
                return Err(usage("FILE: `-` reads stdin, which is this terminal; pipe a log into it"));
            }
            return Ok(Self { reader: Box::new(io::stdin()), size: None });
        }
        let refuse = |why: &dyn std::fmt::Display| usage(format!("FILE: can't read {}: {why}", path.display()));
        let mut file = File::open(path).map_err(|error| refuse(&error))?;
        let about = file.metadata().map_err(|error| refuse(&error))?;
        if about.is_dir() {
            return Err(refuse(&"it is a directory"));
        }
        if !about.is_file() {
            return Ok(Self { reader: Box::new(file), size: None });
        }
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(decode::MAGIC).read_to_end(&mut start).map_err(|error| refuse(&error))?;
        match Compression::of(&start) {
            Some(Compression::Unknown(name, program)) => {
                let shown = path.display();
                Err(refuse(&format_args!(
                    "it is compressed with {name}; use `{program} {shown} | tidewatch replay - --speed 1`"
                )))
            }
            _ => Ok(Self { reader: Box::new(io::Cursor::new(start).chain(file)), size: Some(about.len()) }),
        }
    }

    /// Returns whether lines may arrive slowly, and then have to be sent without waiting for others.
    pub(super) fn may_pause(&self) -> bool {
        self.size.is_none()
    }

    /// Reads on a separate thread, so that a stdin that blocks forever blocks nothing else.
    pub(super) fn lines(self) -> mpsc::Receiver<io::Result<Line>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        std::thread::spawn(move || {
            if let Err(error) = each(self.reader, |line| sender.blocking_send(Ok(line)).is_ok()) {
                // If the receiver is gone, nobody needs the error.
                let _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }
}

/// Returns whether the path is `-`, which means stdin.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Passes every line to `take` until it returns false.
fn each(reader: impl Read + Send + 'static, mut take: impl FnMut(Line) -> bool) -> io::Result<()> {
    let Decoded { reader, position } = decode::decode(reader)?;
    let (is_array, reader) = elements::is_array(reader)?;
    let reader = BufReader::with_capacity(BUFFER, reader);
    let mut lines = if is_array { Split::Elements(Elements::new(reader)) } else { Split::Lines(Lines::new(reader)) };
    while let Some(mut line) = lines.next()? {
        // For decoded input, only the position in the file can be compared with the file's size.
        if let Some(position) = &position {
            line.end = position.get();
        }
        if !take(line) {
            break;
        }
    }
    Ok(())
}

enum Split<R> {
    Lines(Lines<R>),
    Elements(Elements<R>),
}

impl<R: BufRead> Split<R> {
    fn next(&mut self) -> io::Result<Option<Line>> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Elements(elements) => elements.next(),
        }
    }
}

struct Lines<R> {
    reader: R,
    number: u64,
    end: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, number: 0, end: 0 }
    }

    /// Returns the next line, keeping at most one byte more than the limit; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut begun = false;
        loop {
            let chunk = filled(&mut self.reader)?;
            begun |= !chunk.is_empty();
            let newline = chunk.iter().position(|byte| *byte == b'\n');
            let text = &chunk[..newline.unwrap_or(chunk.len())];
            let room = (MAX_LINE_BYTES + 1).saturating_sub(bytes.len());
            bytes.extend_from_slice(&text[..text.len().min(room)]);
            let ended = newline.is_some() || chunk.is_empty();
            let used = newline.map_or(chunk.len(), |at| at + 1);
            self.reader.consume(used);
            self.end += used as u64;
            if ended {
                break;
            }
        }
        if !begun {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes, end: self.end }))
    }
}

/// Returns the next bytes, none at the end.
fn filled(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    // Retries an interrupted read. (The second call below is free: the buffer stays filled.)
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8], capacity: usize) -> Vec<Line> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, text));
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn lines_are_numbered_from_one_and_the_last_needs_no_newline() {
        let lines = all(b"a\n\nbc", 2);
        let shown: Vec<_> = lines.iter().map(|line| (line.number, line.bytes.as_slice(), line.end)).collect();
        assert_eq!(shown, [(1, &b"a"[..], 2), (2, b"", 3), (3, b"bc", 5)]);
        assert_eq!(all(b"", 2), []);
    }

    #[test]
    fn only_the_start_of_an_endless_line_is_held() {
        let mut text = vec![b'x'; 3 * MAX_LINE_BYTES];
        text.extend(b"\ny\n");
        let lines = all(&text, 8192);
        assert_eq!(lines.iter().map(|line| line.bytes.len()).collect::<Vec<_>>(), [MAX_LINE_BYTES + 1, 1]);
    }

    #[test]
    fn unsupported_compression_a_directory_and_a_missing_file_are_rejected_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let packed = |name: &str, magic: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, magic).unwrap();
            path
        };
        for (path, says) in [
            (packed("a.zst", &[0x28, 0xb5, 0x2f, 0xfd, 0]), "zstdcat"),
            (packed("a.bz2", b"BZh9"), "bzcat"),
            (packed("a.xz", &[0xfd, b'7', b'z', b'X', b'Z', 0]), "xzcat"),
            (packed("a.zip", b"PK\x03\x04"), "unzip -p"),
            (dir.path().to_owned(), "directory"),
            (dir.path().join("none.log"), "none.log"),
        ] {
            let Err(error) = Input::open(&path) else { panic!("opened {}", path.display()) };
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    proptest! {
        #[test]
        fn lines_equal_a_split_at_newlines(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            capacity in 1usize..16,
        ) {
            let mut expected: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            if expected.last().is_some_and(|last| last.is_empty()) {
                expected.pop();
            }
            let lines = all(&text, capacity);
            prop_assert_eq!(lines.iter().map(|line| line.bytes.as_slice()).collect::<Vec<_>>(), expected);
            prop_assert_eq!(lines.last().map_or(0, |line| line.end), text.len() as u64);
        }
    }
}
