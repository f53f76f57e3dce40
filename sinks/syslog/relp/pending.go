package relp

// pending are the transactions that have no answer yet: their numbers follow
// each other, and answers may come in any order.
type pending struct {
	next int    // number of the next transaction
	done []bool // ring: of each transaction from the oldest on, answered
	at   int    // place of the oldest
	n    int    // how many, from the oldest to the newest
}

func newPending(next, window int) pending {
	return pending{next: next, done: make([]bool, window)}
}

// add begins a transaction; there must be room.
func (p *pending) add() (txnr int) {
	txnr = p.next
	p.next = after(txnr, 1)
	p.done[(p.at+p.n)%len(p.done)] = false
	p.n++
	return txnr
}

// answered notes an answer and returns how many transactions, from the oldest
// on, are complete by it. It is not ok when nothing waits for that answer.
func (p *pending) answered(txnr int) (complete int, ok bool) {
	place := (txnr - p.next + p.n + maxTxNr) % maxTxNr // from the oldest
	if txnr < 1 || place >= p.n || p.done[(p.at+place)%len(p.done)] {
		return 0, false
	}
	p.done[(p.at+place)%len(p.done)] = true
	for p.n > 0 && p.done[p.at] {
		p.at = (p.at + 1) % len(p.done)
		p.n--
		complete++
	}
	return complete, true
}

// after is the transaction number n places after txnr.
func after(txnr, n int) int { return (txnr-1+n)%maxTxNr + 1 }
