# S3 access keys, through AWS IAM's API (or what answers in its place): create, try, delete. Requests are signed by curl; the key that
# signs reaches it by standard input. Sourced after lib/tracking.sh.
# shellcheck shell=bash

# iam_call CREDENTIALS_FILE FORM: prints the XML answer.
iam_call() {
    signing_key "$1" | curl --silent --show-error --fail-with-body --max-time 60 --noproxy '*' --config - \
        --aws-sigv4 "aws:amz:$S3_REGION:iam" --data "$2&Version=2010-05-08" "$IAM_ENDPOINT/"
}

signing_key() {
    printf 'user = "%s:%s"\n' "$(field "$1" AWS_ACCESS_KEY_ID)" "$(field "$1" AWS_SECRET_ACCESS_KEY)"
}

# create_access_key CREDENTIALS_FILE NEW_FILE: a second key for the same user, saved before anything else happens.
create_access_key() {
    local answer=$2.answer id secret
    iam_call "$1" Action=CreateAccessKey >"$answer" ||
        fail "IAM made no new key (a user may have two: delete a forgotten one): $(tr -d '\n' <"$answer")"
    id=$(sed -n 's:.*<AccessKeyId>\([^<]*\)</AccessKeyId>.*:\1:p' "$answer")
    secret=$(sed -n 's:.*<SecretAccessKey>\([^<]*\)</SecretAccessKey>.*:\1:p' "$answer")
    [ -n "$id" ] && [ -n "$secret" ] || fail "IAM's answer holds no key; it is kept in $answer"
    printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$id" "$secret" | write_secret "$2"
    rm -f "$answer"
}

# access_key_works CREDENTIALS_FILE: whether the bucket lets it in. A new key takes some seconds to be known everywhere in AWS.
access_key_works() {
    signing_key "$1" | curl --silent --fail --max-time 20 --noproxy '*' --output /dev/null --config - \
        --aws-sigv4 "aws:amz:$S3_REGION:s3" \
        --header 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' \
        "${S3_ENDPOINT:-https://s3.$S3_REGION.amazonaws.com}/$S3_BUCKET?max-keys=1"
}

# delete_access_key CREDENTIALS_FILE ID: a key that is gone already is as good.
delete_access_key() {
    local answer
    answer=$(iam_call "$1" "Action=DeleteAccessKey&AccessKeyId=$2") || [[ $answer == *NoSuchEntity* ]] ||
        fail "IAM did not delete the old key $2: $answer"
}
