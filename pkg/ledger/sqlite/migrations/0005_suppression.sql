-- Addresses that are never to be sent to, as a log: the newest line of an address says how it stands.
CREATE TABLE suppression (
  id      INTEGER PRIMARY KEY,
  address TEXT    NOT NULL COLLATE NOCASE CHECK (address <> ''), -- the key of a message knows no case either
  channel TEXT    NOT NULL CHECK (channel = 'sms' OR channel = 'email'),
  reason  TEXT    CHECK (reason = 'opt-out' OR reason = 'hard-bounce' OR reason = 'complaint' OR reason = 'other'), -- NULL: taken off
  note    TEXT    NOT NULL CHECK (reason IS NOT NULL OR note <> ''),
  who     TEXT    NOT NULL,
  at      INTEGER NOT NULL
);
CREATE INDEX suppression_address ON suppression (address, id);

CREATE TRIGGER suppression_turns BEFORE INSERT ON suppression
WHEN (NEW.reason IS NOT NULL) =
  ifnull((SELECT reason IS NOT NULL FROM suppression WHERE address = NEW.address ORDER BY id DESC LIMIT 1), 0) BEGIN
  SELECT RAISE(FAIL, 'an address is put on the list once, and taken off once');
END;
CREATE TRIGGER suppression_stands BEFORE UPDATE ON suppression BEGIN
  SELECT RAISE(FAIL, 'a line of the suppression list is not rewritten');
END;
CREATE TRIGGER suppression_stays BEFORE DELETE ON suppression BEGIN
  SELECT RAISE(FAIL, 'lines of the suppression list are kept');
END;
