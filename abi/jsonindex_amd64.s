#include "go_asm.h"
#include "textflag.h"

// What amd64 has from the beginning (SSE2) is enough: no processor is asked what it can.

// EVERY is sixteen times one byte.
#define EVERY(byte, x) \
	MOVQ $(byte * 0x0101010101010101), AX; \
	MOVQ AX, x; \
	PUNPCKLQDQ x, x

#define STOPCONSTANTS \
	EVERY(0x02, X4); \
	EVERY(0x20, X5); \
	EVERY(0x5C, X6)

// STOPS makes 0xFF of the bytes in X0 that are control characters, quotes or backslashes, and 0
// of others. With one bit turned, a quote follows the control characters: a saturating
// subtraction leaves nothing of them, nor XOR of a backslash.
#define STOPS \
	MOVO X0, X1; \
	PXOR X4, X0; \
	PSUBUSB X5, X0; \
	PXOR X6, X1; \
	PMINUB X1, X0; \
	PXOR X1, X1; \
	PCMPEQB X1, X0

// STOPSAT has a bit of to for each of sixteen bytes, and counts them in X15.
#define STOPSAT(at, to) \
	MOVOU at(SI), X0; \
	STOPS; \
	PSUBB X0, X15; \
	PMOVMSKB X0, to

#define MARKCONSTANTS \
	EVERY(0xFC, X7); \
	EVERY(0x50, X8); \
	EVERY(0x2E, X9); \
	EVERY(0xE1, X10); \
	EVERY(0x41, X11); \
	EVERY(0x49, X12); \
	EVERY(0x40, X13); \
	EVERY(0x25, X14)

// MARKSAT does so for marks, too: X1 is a full stop after one of P to S, X2 an I after every other
// capital letter, and then all of them. R10 collects the bytes over 0x7F.
#define MARKSAT(at, to) \
	MOVOU (at-1)(SI), X1; \
	MOVOU at(SI), X0; \
	MOVO X1, X2; \
	PAND X7, X1; \
	PCMPEQB X8, X1; \
	MOVO X0, X3; \
	PCMPEQB X9, X3; \
	PAND X3, X1; \
	PAND X10, X2; \
	PCMPEQB X11, X2; \
	MOVO X0, X3; \
	PCMPEQB X12, X3; \
	PAND X3, X2; \
	POR X1, X2; \
	MOVO X0, X3; \
	PCMPEQB X13, X3; \
	POR X3, X2; \
	MOVO X0, X3; \
	PCMPEQB X14, X3; \
	POR X3, X2; \
	PMOVMSKB X0, to; \
	ORL to, R10; \
	STOPS; \
	POR X2, X0; \
	PSUBB X0, X15; \
	PMOVMSKB X0, to

// JOIN makes 64 bits in R8 of four times sixteen.
#define JOIN \
	SHLQ $16, BX; \
	SHLQ $32, CX; \
	SHLQ $48, R8; \
	ORQ AX, BX; \
	ORQ CX, R8; \
	ORQ BX, R8

// COUNT adds up what was counted in X15.
#define COUNT \
	PXOR X1, X1; \
	PSADBW X1, X15; \
	PSHUFD $0x4E, X15, X1; \
	PADDQ X1, X15; \
	MOVQ X15, DX

// ONE writes the place of the lowest bit of R8, and clears it. Processors without TZCNT take it for
// BSF, which is the same where there is a bit; where there is none, nobody reads what is written.
#define ONE(at) \
	TZCNTQ R8, AX; \
	ADDL R9, AX; \
	MOVW AX, at(DI); \
	LEAQ -1(R8), BX; \
	ANDQ BX, R8

#define TWELVE \
	ONE(0); \
	ONE(2); \
	ONE(4); \
	ONE(6); \
	ONE(8); \
	ONE(10); \
	ONE(12); \
	ONE(14); \
	ONE(16); \
	ONE(18); \
	ONE(20); \
	ONE(22)

// LIST goes through blocks of 64 bytes, and lists the places whose bits BITSAT sets. DI is where
// the next is written, SI the block, R12 how many bytes are ahead, and R9 how many behind.
// Most blocks have twelve places or less: to write as many costs less than to ask.
// The last bytes are part of a block that begins before them, whose other bits are dropped.
#define LIST(BITSAT) \
	MOVQ places+0(FP), DI; \
	MOVQ text_base+8(FP), SI; \
	MOVQ text_len+16(FP), R12; \
	MOVQ from+32(FP), R13; \
	LEAQ (2*(const_jsonPlaces-const_jsonBlock))(DI), R11; \
	SUBQ R13, R12; \
	ADDQ R13, SI; \
	XORL R9, R9; \
block: \
	CMPQ R12, $64; \
	JLT  tail; \
	PXOR X15, X15; \
	BITSAT(0, AX); \
	BITSAT(16, BX); \
	BITSAT(32, CX); \
	BITSAT(48, R8); \
	JOIN; \
	ADDQ $64, SI; \
	SUBQ $64, R12; \
	TESTQ R8, R8; \
	JZ   room; \
	COUNT; \
	TWELVE; \
	CMPQ DX, $12; \
	JHI  many; \
	LEAQ (DI)(DX*2), DI; \
room: \
	ADDQ $64, R9; \
	CMPQ DI, R11; \
	JLS  block; \
	JMP  done; \
many: \
	ADDQ $24, DI; \
one: \
	ONE(0); \
	ADDQ $2, DI; \
	TESTQ R8, R8; \
	JNZ  one; \
	JMP  room; \
tail: \
	TESTQ R12, R12; \
	JLE  done; \
	LEAQ -64(SI)(R12*1), SI; \
	BITSAT(0, AX); \
	BITSAT(16, BX); \
	BITSAT(32, CX); \
	BITSAT(48, R8); \
	JOIN; \
	MOVQ $64, CX; \
	SUBQ R12, CX; \
	SHRQ CX, R8; \
	JZ   last; \
rest: \
	ONE(0); \
	ADDQ $2, DI; \
	TESTQ R8, R8; \
	JNZ  rest; \
last: \
	ADDQ R12, R9; \
done: \
	SUBQ places+0(FP), DI; \
	SHRQ $1, DI; \
	MOVQ DI, n+40(FP); \
	ADDQ R13, R9; \
	MOVQ R9, to+48(FP)

// func indexStops(places *[jsonPlaces]uint16, text []byte, from int) (n, to int)
TEXT ·indexStops(SB), NOSPLIT, $0-56
	STOPCONSTANTS
	LIST(STOPSAT)
	RET

// func indexMarks(places *[jsonPlaces]uint16, text []byte, from int) (n, to int, high bool)
TEXT ·indexMarks(SB), NOSPLIT, $0-57
	STOPCONSTANTS
	MARKCONSTANTS
	XORL R10, R10
	LIST(MARKSAT)
	TESTL R10, R10
	SETNE high+56(FP)
	RET
