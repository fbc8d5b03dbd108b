package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * Reads one job per line from standard input and writes one answer per line to standard output.
 *
 * <p>Job: {@code {"id", "release", "load": true|false, "resource": {...}}}. Answer: {@code {"id", "issues":
 * [{"severity", "location", "message_id", "message"}]}} or {@code {"id", "failure"}}. Loads are done in the order they
 * come and before the next line is read; validations run side by side and are answered as each is finished.
 */
public final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Map<String, ReleaseValidator> validators =
      Map.of(
          "r4", new ReleaseValidator(FhirContext.forR4()),
          "r4b", new ReleaseValidator(FhirContext.forR4B()),
          "r5", new ReleaseValidator(FhirContext.forR5()));
  private final PrintStream answers;

  private Main(PrintStream answers) {
    this.answers = answers;
  }

  public static void main(String[] arguments) throws IOException {
    var answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err); // libraries that print must not break the protocol
    new Main(answers).run(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
  }

  private void run(BufferedReader jobs) throws IOException {
    var pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
      JsonNode job = JSON.readTree(line);
      if (job.path("load").asBoolean()) {
        answer(job);
      } else {
        pool.execute(() -> answer(job));
      }
    }
    pool.shutdown();
  }

  private void answer(JsonNode job) {
    ObjectNode answer = JSON.createObjectNode().put("id", job.path("id").asText());
    try {
      perform(job, answer);
    } catch (Exception | LinkageError failure) {
      answer.put("failure", failure.toString());
    }
    synchronized (answers) {
      answers.println(answer);
      answers.flush();
    }
  }

  private void perform(JsonNode job, ObjectNode answer) {
    ReleaseValidator validator = validators.get(job.path("release").asText());
    var issues = answer.putArray("issues");
    if (job.path("load").asBoolean()) {
      validator.load(job.path("resource"));
      return;
    }
    for (SingleValidationMessage message : validator.validate(job.path("resource").toString())) {
      issues
          .addObject()
          .put("severity", message.getSeverity().getCode())
          .put("location", message.getLocationString())
          .put("message_id", message.getMessageId())
          .put("message", message.getMessage());
    }
  }
}
