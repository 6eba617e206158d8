//! Decoding to UTF-8: unpacks gzip and transcodes UTF-16, which it recognises by the first bytes.

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

/// Number of leading bytes needed to recognise the encoding.
pub(super) const MAGIC: u64 = 4;

/// The compression of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// gzip, possibly with several members, as in rotated and appended logs.
    Gzip,
    /// An unsupported compression: its name, and the program that unpacks it to stdout.
    Unknown(&'static str, &'static str),
}

impl Compression {
    /// Recognises a compression by the first bytes.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        Some(match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Unknown("zstd", "zstdcat"),
            [b'B', b'Z', b'h', ..] => Self::Unknown("bzip2", "bzcat"),
            [0xfd, b'7', b'z', b'X', ..] => Self::Unknown("xz", "xzcat"),
            [b'P', b'K', 3, 4, ..] => Self::Unknown("zip", "unzip -p"),
            _ => return None,
        })
    }
}

/// The number of encoded bytes read so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Position(Arc<AtomicU64>);

impl Position {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Text in UTF-8, whatever its original encoding.
pub(super) struct Decoded {
    pub reader: Box<dyn Read + Send>,
    /// The position in the input, if the decoded bytes differ from the input's.
    pub position: Option<Position>,
}

/// Looks at the first bytes and decodes accordingly.
pub(super) fn decode(reader: impl Read + Send + 'static) -> io::Result<Decoded> {
    let position = Position::default();
    let reader = Counted { reader, position: position.clone() };
    let (start, reader) = peeked(reader)?;
    match Compression::of(&start) {
        Some(Compression::Gzip) => {
            let (start, reader) = peeked(MultiGzDecoder::new(BufReader::new(reader)))?;
            Ok(Decoded { reader: in_utf8(&start, reader), position: Some(position) })
        }
        Some(Compression::Unknown(name, program)) => {
            let what = format!("it is compressed with {name}; unpack it with `{program}` first");
            Err(io::Error::new(io::ErrorKind::InvalidData, what))
        }
        None => {
            let position = encoding(&start).map(|_| position);
            Ok(Decoded { reader: in_utf8(&start, reader), position })
        }
    }
}

/// A complete input again, after its beginning was read.
pub(super) type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Returns the first bytes, and a reader of the complete input.
fn peeked<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, Whole<R>)> {
    let mut start = Vec::new();
    Read::by_ref(&mut reader).take(MAGIC).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(reader)))
}

fn in_utf8(start: &[u8], reader: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    match encoding(start) {
        Some(encoding) => Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(reader)),
        None => Box::new(reader),
    }
}

/// Recognises UTF-16 by its byte order mark, or by the zero byte that it has in every ASCII character.
fn encoding(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xff, 0xfe, ..] | [1..=127, 0, 1..=127, 0] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..=127, 0, 1..=127] => Some(UTF_16BE),
        _ => None,
    }
}

struct Counted<R> {
    reader: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.position.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression as Level;
    use flate2::write::GzEncoder;

    use super::*;

    const TEXT: &str = "one\nzwei: größe\n三\n";

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn read(bytes: Vec<u8>) -> String {
        let mut text = String::new();
        decode(Cursor::new(bytes)).unwrap().reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_same_text_is_read_from_every_encoding() {
        let two_members = [packed(b"one\nzwei: gr"), packed("öße\n三\n".as_bytes())].concat();
        for (name, bytes) in [
            ("utf-8", TEXT.as_bytes().to_vec()),
            ("gzip", packed(TEXT.as_bytes())),
            ("gzip of two members", two_members),
            ("utf-16le with its mark", utf16(&format!("\u{feff}{TEXT}"), u16::to_le_bytes)),
            ("utf-16be with its mark", utf16(&format!("\u{feff}{TEXT}"), u16::to_be_bytes)),
            ("utf-16le", utf16(TEXT, u16::to_le_bytes)),
            ("utf-16be", utf16(TEXT, u16::to_be_bytes)),
            ("utf-16 in gzip", packed(&utf16(TEXT, u16::to_le_bytes))),
        ] {
            assert_eq!(read(bytes), TEXT, "{name}");
        }
        assert_eq!(read(Vec::new()), "");
        assert_eq!(read(b"a".to_vec()), "a");
    }

    #[test]
    fn truncated_input_fails_after_its_readable_part() {
        let mut bytes = packed(&b"0123456789\n".repeat(100_000));
        bytes.truncate(bytes.len() / 2);
        let mut text = Vec::new();
        let error = decode(Cursor::new(bytes)).unwrap().reader.read_to_end(&mut text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(text.starts_with(b"0123456789\n"));
    }

    #[test]
    fn unsupported_compression_is_reported_with_the_program_that_unpacks_it() {
        let Err(error) = decode(Cursor::new([0x28, 0xb5, 0x2f, 0xfd])) else { panic!("read") };
        assert!(error.to_string().contains("zstdcat"), "{error}");
    }

    #[test]
    fn the_position_counts_compressed_bytes() {
        let bytes = packed(&b"0123456789\n".repeat(1000));
        let size = bytes.len() as u64;
        let mut decoded = decode(Cursor::new(bytes)).unwrap();
        decoded.reader.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(decoded.position.unwrap().get(), size);
    }
}
