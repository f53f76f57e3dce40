use slswasm::json::{Kind, Scanner, Value};

/// What an ActionTrail event says that matters here. The texts are views into
/// the event, as they are written there; empty where it says nothing.
#[derive(Default)]
pub struct Trail<'a> {
    pub name: &'a [u8],     // eventName
    pub rw: &'a [u8],       // eventRW: Read or Write
    pub kind: &'a [u8],     // eventType: ApiCall, ConsoleOperation, ConsoleSignin...
    pub identity: &'a [u8], // userIdentity.type: root-account, ram-user, assumed-role...
    pub error_code: &'a [u8],
    pub error_message: &'a [u8],
    pub no_mfa: bool, // a sign-in without a second factor
}

impl<'a> Trail<'a> {
    /// Reads an event, in one pass over its text, and returns it as JSON too.
    pub fn read(text: &'a [u8]) -> Result<(Self, Value<'a>), String> {
        let mut t = Trail::default();
        let mut scan = Scanner::new(text);
        match scan.next() {
            Some(Kind::Object) => members(&mut scan, |scan| t.member(scan)),
            Some(_) => return Err("event is not a JSON object".to_string()),
            None => {}
        }
        let event = scan.whole().map_err(|e| format!("event is not JSON: {e}"))?;
        Ok((t, event))
    }

    fn member(&mut self, scan: &mut Scanner<'a>) {
        match scan.key() {
            b"eventName" => self.name = scalar(scan),
            b"eventRW" => self.rw = scalar(scan),
            b"eventType" => self.kind = scalar(scan),
            b"errorCode" => self.error_code = scalar(scan),
            b"errorMessage" => self.error_message = scalar(scan),
            b"userIdentity" if scan.kind() == Kind::Object => members(scan, |scan| match scan.key() {
                b"type" => self.identity = scalar(scan),
                _ => scan.skip(),
            }),
            b"additionalEventData" if scan.kind() == Kind::Object => members(scan, |scan| match scan.key() {
                b"mfaChecked" | b"isMFAChecked" => self.no_mfa = scalar(scan) == b"false",
                _ => scan.skip(),
            }),
            _ => scan.skip(),
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

/// Calls f for each member of the object at hand; f must pass over its value.
fn members<'a>(scan: &mut Scanner<'a>, mut f: impl FnMut(&mut Scanner<'a>)) {
    while !matches!(scan.next(), None | Some(Kind::End)) {
        f(scan);
    }
}

/// The inside of a string, nothing for null, and any other value as it is
/// written.
fn scalar<'a>(scan: &mut Scanner<'a>) -> &'a [u8] {
    scan.skip();
    let raw = scan.raw().bytes();
    match scan.kind() {
        Kind::String => &raw[1..raw.len() - 1],
        Kind::Null => b"",
        _ => raw,
    }
}
