//! The numbers of guest ABI version 1, repeated here so that a guest needs
//! nothing but this crate. A test holds each against abi/abi.go of slswasm's
//! repository: the name is the same but for its spelling.

#![allow(dead_code)] // some are only for readers, and for the test

pub const VERSION: u32 = 1;

pub const EXPORT_INITIALIZE: &str = "_initialize";
pub const EXPORT_MEMORY: &str = "memory";
pub const EXPORT_INIT: &str = "slswasm_v1_init";
pub const EXPORT_ALLOC: &str = "slswasm_v1_alloc";
pub const EXPORT_TRANSFORM: &str = "slswasm_v1_transform";

pub const IMPORT_MODULE: &str = "slswasm_v1";
pub const IMPORT_LOG: &str = "log";
pub const IMPORT_WASI: &str = "wasi_snapshot_preview1";

pub const ALL_FIELDS: &str = "*";

pub const HEADER_SIZE: usize = 32;
pub const RECORD_SIZE: usize = 24;
pub const SLOT_SIZE: usize = 8;
pub const FIELD_SIZE: usize = 16;

pub const OFF_HEADER_LEN: usize = 0;
pub const OFF_FLAGS: usize = 4;
pub const OFF_COUNT: usize = 8;
pub const OFF_SLOTS: usize = 12;
pub const OFF_STRIDE: usize = 16;
pub const OFF_CURSOR: usize = 20;

pub const REC_TIME: usize = 0;
pub const REC_GROUP: usize = 8;
pub const REC_FIELDS: usize = 12;
pub const REC_COUNT: usize = 16;

pub const ABSENT: u32 = 0xFFFFFFFF;

pub const KEEP: u8 = 0;
pub const DROP: u8 = 1;
pub const EDIT: u8 = 2;
pub const EMIT: u8 = 3;
pub const FAIL: u8 = 4;

pub const CLONE: u8 = 0;
pub const EMPTY: u8 = 1;

pub const OP_END: u8 = 0;
pub const OP_SET: u8 = 1;
pub const OP_SET_JSON: u8 = 2;
pub const OP_DELETE: u8 = 3;
pub const OP_RENAME: u8 = 4;
pub const OP_CLEAR: u8 = 5;
pub const OP_BODY: u8 = 6;
pub const OP_BODY_JSON: u8 = 7;
pub const OP_TIME: u8 = 8;
pub const OP_META: u8 = 9;

pub const SLOT_KEY: u32 = 1 << 31;

pub const META_INDEX: u8 = 1;
pub const META_SOURCE: u8 = 2;
pub const META_SOURCE_TYPE: u8 = 3;
pub const META_HOST: u8 = 4;
pub const META_FIELD: u8 = 5;
pub const META_FACILITY: u8 = 16;
pub const META_SEVERITY: u8 = 17;
pub const META_APP_NAME: u8 = 18;
pub const META_PROC_ID: u8 = 19;
pub const META_MSG_ID: u8 = 20;
pub const META_HOSTNAME: u8 = 21;
pub const META_STRUCTURED: u8 = 22;
pub const META_ROUTE: u8 = 32;

pub const LEVEL_DEBUG: i32 = 0;
pub const LEVEL_INFO: i32 = 1;
pub const LEVEL_WARN: i32 = 2;
pub const LEVEL_ERROR: i32 = 3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    /// The constants of a text: names without case and underscores, and values.
    fn constants(text: &str, end: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("const ");
            let line = line.split("//").next().unwrap_or("");
            if let Some((left, value)) = line.split_once(" = ") {
                let name: String = left.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let value = value.trim().trim_end_matches(end).to_string();
                found.insert(name.replace('_', "").to_lowercase(), value);
            }
        }
        found
    }

    #[test]
    fn constants_are_the_abis() {
        let host = match std::fs::read_to_string("../../abi/abi.go") {
            Ok(text) => text,
            Err(e) => return eprintln!("SKIPPED: this crate stands alone, nothing to hold it against: {e}"),
        };
        let ours = include_str!("abi.rs").split("#[cfg(test)]").next().unwrap();
        let (theirs, ours) = (constants(&host, ""), constants(ours, ";"));
        assert!(theirs.len() > 50, "only {} constants in abi.go", theirs.len());
        assert_eq!(theirs, ours);
    }

    #[test]
    fn exports_and_imports_have_the_abis_names() {
        let text = include_str!("export.rs");
        for name in [super::EXPORT_INIT, super::EXPORT_ALLOC, super::EXPORT_TRANSFORM] {
            assert!(text.contains(&format!("extern \"C\" fn {name}(")), "{name}");
            assert!(name.starts_with(&format!("slswasm_v{}_", super::VERSION)), "{name}");
        }
        for name in [super::IMPORT_MODULE, super::IMPORT_WASI] {
            assert!(text.contains(&format!("wasm_import_module = \"{name}\"")), "{name}");
        }
        assert!(text.contains(&format!("fn {}(level", super::IMPORT_LOG)));
    }
}
