use slswasm::json::{Picked, Picker, Value};

/// What an ActionTrail event says that matters here. The texts are views into
/// the event, as they are written there; empty where it says nothing.
pub struct Trail<'a> {
    pub name: &'a [u8],
    pub rw: &'a [u8],       // Read or Write
    pub kind: &'a [u8],     // ApiCall, ConsoleOperation, ConsoleSignin...
    pub identity: &'a [u8], // root-account, ram-user, assumed-role...
    pub error_code: &'a [u8],
    pub error_message: &'a [u8],
    pub no_mfa: bool, // a sign-in without a second factor
}

/// The places of what matters in an event.
pub fn picker() -> Picker {
    Picker::new([
        "/eventName", "/eventRW", "/eventType", "/userIdentity/type", "/errorCode", "/errorMessage",
        "/additionalEventData/mfaChecked", "/additionalEventData/isMFAChecked",
    ])
}

impl<'a> Trail<'a> {
    /// Takes what matters from an event.
    pub fn new(event: Picked<'_, 'a>) -> Self {
        let text = |place| event.value(place).map_or(&b""[..], scalar);
        Trail {
            name: text(0),
            rw: text(1),
            kind: text(2),
            identity: text(3),
            error_code: text(4),
            error_message: text(5),
            no_mfa: text(6) == b"false" || text(7) == b"false",
        }
    }

    /// Whether the call was refused or went wrong. A sign-in that went well says
    /// so in its message.
    pub fn failed(&self) -> bool {
        !self.error_code.is_empty() || !self.error_message.is_empty() && self.error_message != b"success"
    }

    pub fn sign_in(&self) -> bool {
        self.kind == b"ConsoleSignin" || self.name == b"ConsoleSignin"
    }

    pub fn root(&self) -> bool {
        self.identity == b"root-account"
    }

    pub fn write(&self) -> bool {
        self.rw != b"Read"
    }
}

/// The inside of a string, nothing for null, and any other value as it is
/// written.
fn scalar(value: Value) -> &[u8] {
    match value.bytes() {
        [b'"', text @ .., b'"'] => text,
        b"null" => b"",
        raw => raw,
    }
}
