// Package sinktest holds receivers to test sinks with: a Splunk HTTP Event
// Collector and a syslog server on real sockets, strict about what they are
// sent and scripted in how they fail. The demonstration uses them too, so
// nothing here imports package testing; the suite that each sink must pass is
// in the folder suite.
package sinktest
