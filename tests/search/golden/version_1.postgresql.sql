-- The tables of version 1, as softshare made them.
CREATE TABLE softshare_artifact (
    id VARCHAR(64) NOT NULL,
    num_bytes INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE softshare_schema (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE softshare_study (
    id SERIAL NOT NULL,
    name VARCHAR(512) NOT NULL,
    optuna_study_id INTEGER NOT NULL,
    config JSON NOT NULL,
    reference JSON NOT NULL,
    reference_artifact_id VARCHAR NOT NULL,
    data_fingerprint VARCHAR,
    versions JSON NOT NULL,
    git_revision VARCHAR,
    num_trials INTEGER NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    reaper_until DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name),
    UNIQUE (optuna_study_id)
);
CREATE TABLE softshare_artifact_chunk (
    artifact_id VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (artifact_id, position),
    FOREIGN KEY(artifact_id) REFERENCES softshare_artifact (id) ON DELETE CASCADE
);
CREATE TABLE softshare_epoch (
    study_id INTEGER NOT NULL,
    trial_number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    num_epochs INTEGER NOT NULL,
    phase VARCHAR(32) NOT NULL,
    error_loss DOUBLE PRECISION,
    complexity_loss DOUBLE PRECISION,
    validation_error DOUBLE PRECISION,
    nonzero_fraction DOUBLE PRECISION,
    estimated_compression_rate DOUBLE PRECISION,
    seconds DOUBLE PRECISION,
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
    lease_until DOUBLE PRECISION,
    PRIMARY KEY (study_id, number),
    FOREIGN KEY(study_id) REFERENCES softshare_study (id)
);
CREATE INDEX softshare_slot_by_state ON softshare_slot (study_id, state);
