-- The tables of version 1, as softshare made them.
CREATE TABLE softshare_artifact (
    id VARCHAR(64) NOT NULL,
    num_bytes INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    created_at DOUBLE NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE softshare_schema (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE softshare_study (
    id INTEGER NOT NULL,
    name VARCHAR(512) NOT NULL,
    optuna_study_id INTEGER NOT NULL,
    config JSON NOT NULL,
    reference JSON NOT NULL,
    reference_artifact_id VARCHAR NOT NULL,
    data_fingerprint VARCHAR,
    versions JSON NOT NULL,
    git_revision VARCHAR,
    num_trials INTEGER NOT NULL,
    created_at DOUBLE NOT NULL,
    reaper_until DOUBLE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name),
    UNIQUE (optuna_study_id)
);
CREATE TABLE softshare_artifact_chunk (
    artifact_id VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (artifact_id, position),
    FOREIGN KEY(artifact_id) REFERENCES softshare_artifact (id) ON DELETE CASCADE
);
CREATE TABLE softshare_epoch (
    study_id INTEGER NOT NULL,
    trial_number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    num_epochs INTEGER NOT NULL,
    phase VARCHAR(32) NOT NULL,
    error_loss DOUBLE,
    complexity_loss DOUBLE,
    validation_error DOUBLE,
    nonzero_fraction DOUBLE,
    estimated_compression_rate DOUBLE,
    seconds DOUBLE,
    PRIMARY KEY (study_id, trial_number, epoch),
    FOREIGN KEY(study_id) REFERENCES softshare_study (id)
);
CREATE TABLE softshare_slot (
    study_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state VARCHAR(16) NOT NULL,
    token INTEGER NOT NULL,
    worker VARCHAR,
    trial_number INTEGER,
    lease_until DOUBLE,
    PRIMARY KEY (study_id, number),
    FOREIGN KEY(study_id) REFERENCES softshare_study (id)
);
CREATE INDEX softshare_slot_by_state ON softshare_slot (study_id, state);
