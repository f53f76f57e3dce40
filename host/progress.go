package host

// Progress says how far a run is that has an end position.
type Progress struct {
	Done  float64 // 0 to 1, over all sources
	Logs  int64   // settled by this process
	Bytes int64   // their keys and values
}

// Progress returns how far the run is. It may be called at any time.
func (p *Pipeline) Progress() Progress {
	var sum Progress
	for _, source := range p.sources.all {
		of := source.progress()
		sum.Done += of.Done / float64(len(p.sources.all))
		sum.Logs += of.Logs
		sum.Bytes += of.Bytes
	}
	return sum
}
