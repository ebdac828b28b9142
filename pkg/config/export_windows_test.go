package config

// OpenToOthers is asked of rights as they are written, which not every system lets a test give to a file.
var OpenToOthers = openToOthers
