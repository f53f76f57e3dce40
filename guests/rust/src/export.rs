//! A module's exports and imports. Of use to [`export!`](crate::export!) only.

/// Exports a [`Guest`](crate::Guest) from the module; call it once.
#[macro_export]
macro_rules! export {
    ($guest:ty) => {
        // Natively it only says that the guest is not dead code.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&[u8]) -> (Vec<u8>, Option<$crate::Runtime<$guest>>) = $crate::Runtime::<$guest>::start;

        #[cfg(target_family = "wasm")]
        const _: () = {
            static MODULE: $crate::export::Module<$guest> = $crate::export::Module::new();

            #[no_mangle]
            extern "C" fn slswasm_v1_alloc(len: u32) -> u32 {
                MODULE.alloc(len)
            }

            #[no_mangle]
            extern "C" fn slswasm_v1_init(ptr: u32, len: u32) -> u64 {
                MODULE.init(ptr, len)
            }

            #[no_mangle]
            extern "C" fn slswasm_v1_transform(ptr: u32, len: u32) -> u64 {
                MODULE.transform(ptr, len)
            }
        };
    };
}

#[cfg(target_family = "wasm")]
pub use wasm::*;

#[cfg(target_family = "wasm")]
#[allow(missing_docs, unsafe_code)]
mod wasm {
    use std::cell::UnsafeCell;
    use std::panic::PanicInfo;

    use crate::json::Entry;
    use crate::{Guest, Level, Runtime};

    /// The largest batch that alloc accepts: more than one LogGroup can hold
    /// (10 MB). When alloc refuses, the host sends fewer logs at once; running
    /// out of memory instead would blame a log.
    const MAX_BATCH: usize = 16 << 20;

    struct State<G> {
        runtime: Option<Runtime<G>>,
        buffer: Vec<u8>,     // where the host writes the configuration and the batches
        descriptor: Vec<u8>, // kept until the host has read it
    }

    /// All that a module holds.
    pub struct Module<G>(UnsafeCell<State<G>>);

    // SAFETY: a module runs in one thread, and its exports do not call each other.
    unsafe impl<G> Sync for Module<G> {}

    impl<G> Module<G> {
        pub const fn new() -> Self {
            Module(UnsafeCell::new(State { runtime: None, buffer: Vec::new(), descriptor: Vec::new() }))
        }

        #[allow(clippy::mut_from_ref)]
        fn state(&self) -> &mut State<G> {
            // SAFETY: see Sync; each export takes it once.
            unsafe { &mut *self.0.get() }
        }
    }

    impl<G: Guest> Module<G> {
        pub fn alloc(&self, len: u32) -> u32 {
            self.state().alloc(len as usize).map_or(0, |p| p as u32)
        }

        pub fn init(&self, ptr: u32, len: u32) -> u64 {
            std::panic::set_hook(Box::new(panicked));
            let state = self.state();
            let (descriptor, runtime) = Runtime::start(taken(&mut state.buffer, ptr, len));
            state.runtime = runtime;
            state.descriptor = descriptor;
            location(&state.descriptor)
        }

        pub fn transform(&self, ptr: u32, len: u32) -> u64 {
            let state = self.state();
            let runtime = state.runtime.as_mut().expect("slswasm: a batch came before init, or after it refused");
            runtime.transform(taken(&mut state.buffer, ptr, len)).map_or(0, location)
        }
    }

    impl<G> State<G> {
        fn alloc(&mut self, len: usize) -> Option<*const u8> {
            if len > MAX_BATCH {
                return None;
            }
            if len > self.buffer.len() || self.buffer.is_empty() {
                self.buffer = Vec::new(); // free it before the larger one is made
                let room = (len + len / 4).max(4096);
                self.buffer.try_reserve_exact(room).ok()?;
                self.buffer.resize(room, 0);
            }
            Some(self.buffer.as_ptr())
        }
    }

    /// What the host wrote into the buffer.
    fn taken(buffer: &mut [u8], ptr: u32, len: u32) -> &mut [u8] {
        if len > 0 && ptr != buffer.as_ptr() as u32 {
            panic!("slswasm: the host wrote to memory that is not from alloc");
        }
        &mut buffer[..len as usize]
    }

    /// Where bytes lie, as the exports tell it.
    fn location(b: &[u8]) -> u64 {
        ((b.as_ptr() as u64) << 32) | b.len() as u64
    }

    /// Has the host write a text's tape: how many entries it has, 0 if the text is
    /// not valid, less if there is no room.
    pub(crate) fn json(text: &[u8], tape: &mut [Entry]) -> i32 {
        // SAFETY: the host reads the text and writes no more entries than there
        // are, of which each pattern of bits is one.
        unsafe { host::json(text.as_ptr(), text.len(), tape.as_mut_ptr().cast(), tape.len()) }
    }

    mod host {
        #[link(wasm_import_module = "slswasm_v1")]
        extern "C" {
            pub fn log(level: i32, ptr: *const u8, len: usize);
            pub fn json(ptr: *const u8, len: usize, tape: *mut u8, most: usize) -> i32;
        }

        #[link(wasm_import_module = "wasi_snapshot_preview1")]
        extern "C" {
            pub fn fd_write(fd: i32, pieces: *const Piece, n: usize, written: *mut usize) -> i32;
        }

        #[repr(C)]
        pub struct Piece {
            pub ptr: *const u8,
            pub len: usize,
        }
    }

    pub(crate) fn print(level: Level, text: &str) {
        // SAFETY: the host reads the text and keeps nothing.
        unsafe { host::log(level as i32, text.as_ptr(), text.len()) }
    }

    /// Says on standard error why the guest panics, in one line: what is written
    /// there, unlike a line of `print`, becomes part of the fault that the host
    /// reports, and of the dead letter.
    fn panicked(info: &PanicInfo) {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let mut line = String::from("panic: ");
        line.push_str(text.unwrap_or("with a value that has no text"));
        if let Some(at) = info.location() {
            line.push_str(", at ");
            line.push_str(&at.to_string());
        }
        let mut line = line.replace('\n', " ");
        line.push('\n');
        let piece = host::Piece { ptr: line.as_ptr(), len: line.len() };
        let mut written = 0;
        // SAFETY: the host reads the piece and keeps nothing. Nothing can be done
        // about an error: the trap follows.
        unsafe { host::fd_write(2, &piece, 1, &mut written) };
    }
}
