package main

type exportCmd struct {
	recordFlags
}

// Help is shown below the flags.
func (exportCmd) Help() string {
	return `Each line is {"hash": …, "record": {…}}. The hash is SHA-256 over exactly the bytes of the record, or HMAC-SHA256 with the
key of audit.key_file; each record holds the hash of the one before. Free text lives beside the record and is not exported.`
}

// Run writes the record to standard output.
func (c *exportCmd) Run(e *env, g *globals) error {
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	return record.Export(e.ctx, e.stdout)
}
