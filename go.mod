module github.com/slswasm/slswasm

go 1.26
