module github.com/slswasm/slswasm/guests/go

go 1.25
