// Command winedll writes the library bcryptprimitives.dll, which every Go program asks for random numbers on Windows and which
// older versions of wine do not have: one function, forwarded to the library of the system that does the same.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

// Where things are: one section, at the second page of memory and at the first sector after the headers of the file.
const (
	page, sector = 0x1000, 0x200
	directory    = 40 // the bytes of the table of exports
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "winedll FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], library("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "winedll:", err)
		os.Exit(1)
	}
}

// library is a DLL for 64-bit Windows that exports one function, which is the function of another library.
// The format: https://learn.microsoft.com/windows/win32/debug/pe-format
func library(name, function, forward string) []byte {
	section := exports(name, function, forward)
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // into memory
		}
	}
	dos := [64]byte{'M', 'Z'}
	dos[60] = byte(len(dos)) // where the header proper begins
	put(dos, [4]byte{'P', 'E'})
	put(uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022)) // x86-64, one section, a DLL
	put(uint16(0x20b), uint16(0), uint32(0), uint32(sector), uint32(0), uint32(0), uint32(page)) // PE32+, no code, no entry
	put(uint64(0x180000000), uint32(page), uint32(sector), uint16(6), uint16(0), uint16(0), uint16(0), uint16(6), uint16(0), uint32(0))
	put(uint32(2*page), uint32(sector), uint32(0), uint16(3), uint16(0x100)) // two pages, a console program, made to fit
	put(uint64(1<<20), uint64(page), uint64(1<<20), uint64(page), uint32(0), uint32(16))
	put(uint32(page), uint32(len(section)), [15]uint64{}) // the first of 16 tables is that of the exports
	put([8]byte{'.', 'e', 'd', 'a', 't', 'a'}, uint32(len(section)), uint32(page), uint32(sector), uint32(sector), [3]uint32{}, uint32(0x40000040))
	put(make([]byte, sector-b.Len()), section, make([]byte, sector-len(section)))
	return b.Bytes()
}

// exports is the table of exports, with what it points to. A function that points into the table is a forwarded one.
func exports(name, function, forward string) []byte {
	const functions, names, ordinals, texts = page + directory, page + directory + 4, page + directory + 8, page + directory + 10
	atFunction := texts + len(name) + 1
	atForward := atFunction + len(function) + 1
	var b bytes.Buffer
	for _, v := range []any{
		[3]uint32{},
		uint32(texts), uint32(1), uint32(1), uint32(1), uint32(functions), uint32(names), uint32(ordinals),
		uint32(atForward), uint32(atFunction), uint16(0), []byte(name + "\x00" + function + "\x00" + forward + "\x00"),
	} {
		_ = binary.Write(&b, binary.LittleEndian, v) // into memory
	}
	return b.Bytes()
}
