package slswasm

// The numbers of guest ABI version 1, repeated here so that a guest needs
// nothing but this module. A test holds each against abi/abi.go: the name is
// the same but for its first letter.
const (
	version = 1

	exportInitialize = "_initialize"
	exportMemory     = "memory"
	exportInit       = "slswasm_v1_init"
	exportAlloc      = "slswasm_v1_alloc"
	exportTransform  = "slswasm_v1_transform"

	importModule = "slswasm_v1"
	importLog    = "log"
	importWASI   = "wasi_snapshot_preview1"

	allFields = "*"

	headerSize = 32
	recordSize = 24
	slotSize   = 8
	fieldSize  = 16

	offHeaderLen = 0
	offFlags     = 4
	offCount     = 8
	offSlots     = 12
	offStride    = 16
	offCursor    = 20

	recTime   = 0
	recGroup  = 8
	recFields = 12
	recCount  = 16

	absent = 0xFFFFFFFF

	keep = 0
	drop = 1
	edit = 2
	emit = 3
	fail = 4

	clone = 0
	empty = 1

	opEnd      = 0
	opSet      = 1
	opSetJSON  = 2
	opDelete   = 3
	opRename   = 4
	opClear    = 5
	opBody     = 6
	opBodyJSON = 7
	opTime     = 8
	opMeta     = 9

	slotKey = 1 << 31

	metaIndex      = 1
	metaSource     = 2
	metaSourceType = 3
	metaHost       = 4
	metaField      = 5
	metaFacility   = 16
	metaSeverity   = 17
	metaAppName    = 18
	metaProcID     = 19
	metaMsgID      = 20
	metaHostname   = 21
	metaStructured = 22
	metaRoute      = 32

	levelDebug = 0
	levelInfo  = 1
	levelWarn  = 2
	levelError = 3
)
