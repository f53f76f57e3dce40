use crate::abi;

/// The severity of a line in the host's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Level {
    Debug = abi::LEVEL_DEBUG as isize,
    Info = abi::LEVEL_INFO as isize,
    Warn = abi::LEVEL_WARN as isize,
    Error = abi::LEVEL_ERROR as isize,
}

/// Writes a line to the host's own log, for the people who run it. The host
/// limits how many it takes: this is not a way to deliver anything. Under
/// `cargo test`, [`testing`](crate::testing) collects it.
pub fn print(level: Level, text: &str) {
    #[cfg(target_family = "wasm")]
    crate::export::print(level, text);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::printed(level, text);
}
