package syslog

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// States of the kernel's tcp_states.h that TCP_INFO shows.
const (
	tcpEstablished = 1
	tcpTimeWait    = 6
	tcpClose       = 7
)

// stillOpen returns an error when one side has ended the connection.
func stillOpen(c *net.TCPConn) error {
	state, pending, known := tcpState(c)
	if !known || (state == tcpEstablished && pending == 0) {
		return nil // what cannot be asked is left to the reader
	}
	return fmt.Errorf("TCP state %d, error %d", state, pending)
}

// closedAfterUs returns an error when the receiver's FIN did not answer ours.
// When it was already on its way while we still wrote (a receiver that closes
// an idle connection), the reader sees the same EOF, and what we wrote is
// answered by a RST that no read reports: only the state and the pending error
// tell.
func closedAfterUs(c *net.TCPConn) error {
	state, pending, known := tcpState(c)
	if !known || ((state == tcpTimeWait || state == tcpClose) && pending == 0) {
		return nil
	}
	return fmt.Errorf("the receiver closed before it had read everything (TCP state %d, error %d)", state, pending)
}

// patience is how many times --syslog-timeout the barrier waits without a sign
// of progress.
const patience = 1

// acknowledged is how many bytes the receiver's kernel has taken. It takes no
// more than the receiver reads once its buffer is full.
func acknowledged(c *net.TCPConn) uint64 {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	var n uint64
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = info.Bytes_acked
		}
	})
	return n
}

// tcpState is the state of the connection and its pending error number, where
// the kernel tells.
func tcpState(c *net.TCPConn) (state uint8, pending int, known bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, 0, false
	}
	err = raw.Control(func(fd uintptr) {
		info, infoErr := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		number, numberErr := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if known = infoErr == nil && numberErr == nil; known {
			state, pending = info.State, number
		}
	})
	return state, pending, known && err == nil
}

// acknowledgeNow makes the kernel send an ACK that it holds back, and not hold
// back the next ones for a while.
func acknowledgeNow(c *net.TCPConn) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
}
