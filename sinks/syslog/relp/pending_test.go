package relp

import (
	"fmt"
	"testing"
)

func TestPending(t *testing.T) {
	for _, next := range []int{1, 2, maxTxNr - 2, maxTxNr} {
		t.Run(fmt.Sprint(next), func(t *testing.T) {
			p := newPending(next, 4)
			var sent []int
			add := func() { sent = append(sent, p.add()) }
			answer := func(i, want int) {
				t.Helper()
				if complete, ok := p.answered(sent[i]); !ok || complete != want {
					t.Errorf("answer to %d: %d, %v; want %d", sent[i], complete, ok, want)
				}
			}
			stray := func(txnr int) {
				t.Helper()
				if complete, ok := p.answered(txnr); ok || complete != 0 {
					t.Errorf("answer to %d taken", txnr)
				}
			}
			stray(next) // nothing waits
			for range 4 {
				add()
			}
			stray(0)
			stray(p.next) // not sent yet
			stray((next+maxTxNr-2)%maxTxNr + 1)
			answer(0, 1)
			stray(sent[0]) // again
			answer(2, 0)
			stray(sent[2])
			answer(1, 2)
			for range 3 {
				add()
			}
			answer(6, 0)
			answer(5, 0)
			answer(4, 0)
			answer(3, 4)
			if p.n != 0 {
				t.Errorf("%d wait", p.n)
			}
			for i, txnr := range sent {
				if txnr < 1 || txnr > maxTxNr || (i > 0 && txnr != sent[i-1]%maxTxNr+1) {
					t.Errorf("transactions %v", sent)
				}
			}
		})
	}
}
