// Package abi is what crosses the border between slswasm and a guest: the
// types of a log on its way, the numbers of the guest ABI, and the two codecs
// that write a batch for a guest and read its reply. ABI.md is the
// specification; the names here repeat it.
//
// Nothing here calls a guest, opens a file or talks to a network, and the
// package imports the standard library alone.
package abi

// Version is the version of the guest ABI in this package. It is part of the
// export names, so a module of another version is told apart before any of
// its code runs.
const Version = 1

// Names of the functions that a guest exports (ABI.md, "Exports").
const (
	ExportInitialize = "_initialize"
	ExportMemory     = "memory"
	ExportInit       = "slswasm_v1_init"
	ExportAlloc      = "slswasm_v1_alloc"
	ExportTransform  = "slswasm_v1_transform"
)

// Names of the functions that a guest may import (ABI.md, "Imports").
const (
	ImportModule = "slswasm_v1"
	ImportLog    = "log"
	ImportWASI   = "wasi_snapshot_preview1"
)

// AllFields in a descriptor's field list asks for the field table of every
// log, not for a field of this name.
const AllFields = "*"

// Sizes and offsets of the batch, in bytes (ABI.md, "The batch").
const (
	HeaderSize = 32 // of the header; readers skip by its first word
	RecordSize = 24 // of a record before its slots
	SlotSize   = 8  // of one slot
	FieldSize  = 16 // of one row of the field table

	OffHeaderLen = 0
	OffFlags     = 4
	OffCount     = 8
	OffSlots     = 12
	OffStride    = 16
	OffCursor    = 20 // written by the guest: the record in hand

	RecTime   = 0
	RecGroup  = 8
	RecFields = 12
	RecCount  = 16
)

// Absent is a slot's length when the log has no such field.
const Absent = 0xFFFFFFFF

// A Verdict is what a guest says of one log (ABI.md, "The reply").
type Verdict byte

// The verdicts of ABI version 1.
const (
	Keep Verdict = 0 // unchanged
	Drop Verdict = 1 // on purpose: counts as settled
	Edit Verdict = 2 // the log with ops applied
	Emit Verdict = 3 // any number of events in place of the log
	Fail Verdict = 4 // the guest cannot transform this log
)

// A Base is what an emitted event starts from.
type Base byte

// The bases of ABI version 1.
const (
	Clone Base = 0 // the log's fields
	Empty Base = 1 // no fields
)

// An Op is one change to an event (ABI.md, "Ops").
type Op byte

// The ops of ABI version 1.
const (
	OpEnd      Op = 0
	OpSet      Op = 1
	OpSetJSON  Op = 2
	OpDelete   Op = 3
	OpRename   Op = 4
	OpClear    Op = 5
	OpBody     Op = 6
	OpBodyJSON Op = 7
	OpTime     Op = 8
	OpMeta     Op = 9
)

// SlotKey is the bit that makes a key's length word name a slot instead: the
// low 31 bits are then the slot's number, and no bytes follow.
const SlotKey = 1 << 31

// A MetaID names a piece of metadata of an event, set by OpMeta.
type MetaID byte

// The metadata of ABI version 1.
const (
	MetaIndex      MetaID = 1 // HEC: text
	MetaSource     MetaID = 2
	MetaSourceType MetaID = 3
	MetaHost       MetaID = 4
	MetaField      MetaID = 5 // HEC indexed field: name, value

	MetaFacility   MetaID = 16 // syslog: one byte, 0 to 23
	MetaSeverity   MetaID = 17 // one byte, 0 to 7
	MetaAppName    MetaID = 18 // text
	MetaProcID     MetaID = 19
	MetaMsgID      MetaID = 20
	MetaHostname   MetaID = 21
	MetaStructured MetaID = 22 // SD-ID, SD-NAME, value

	MetaRoute MetaID = 32 // the name of the sink: text
)

// A Level is the severity of a guest's log line.
type Level int32

// The levels of ABI version 1.
const (
	LevelDebug Level = 0
	LevelInfo  Level = 1
	LevelWarn  Level = 2
	LevelError Level = 3
)
