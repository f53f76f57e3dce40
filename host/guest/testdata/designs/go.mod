module designs

go 1.25

require github.com/slswasm/slswasm/guests/go v0.0.0

replace github.com/slswasm/slswasm/guests/go => ../../../../guests/go
