package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.fhirpath.IFhirPath;
import ca.uhn.fhir.fhirpath.IFhirPathEvaluationContext;
import ca.uhn.fhir.parser.IParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hl7.fhir.instance.model.api.IBase;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.instance.model.api.IIdType;
import org.hl7.fhir.instance.model.api.IPrimitiveType;

/**
 * Evaluates search parameters with HL7's FHIRPath engine: one job per line of standard input, one answer per line of
 * standard output, in the same order.
 *
 * <p>Job: {@code {"release", "resource", "parameters": [{"code", "expressions": [], "components": []}]}}; a parameter
 * has the values of all its expressions (their union is not left to the engine: HAPI's cannot compare quantities).
 * Answer: {@code {code: [[type, value], ...]}}, only of parameters with a value; of a composite {@code [[[type, value],
 * ...] for each component]} for each element; {@code {"failure"}} in the place of values that could not be had.
 */
public final class Expressions {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  private final FhirContext context;
  private final IParser parser;
  private final IFhirPath engine;
  private final Map<String, IFhirPath.IParsedExpression> parsed = new HashMap<>();

  private Expressions(FhirContext context) {
    this.context = context;
    this.parser = context.newJsonParser();
    this.engine = context.newFhirPath();
    engine.setEvaluationContext(new NamedResources());
  }

  public static void main(String[] arguments) throws IOException {
    var answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err); // libraries that print must not break the protocol
    Map<String, Expressions> releases = new HashMap<>(); // opened when asked for: R5's definitions take 20 s
    var jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
      JsonNode job = JSON.readTree(line);
      String release = job.path("release").asText();
      answers.println(releases.computeIfAbsent(release, Expressions::open).answer(job));
      answers.flush();
    }
  }

  private static Expressions open(String release) {
    return new Expressions(FhirContext.forCached(FhirVersionEnum.valueOf(release.toUpperCase(Locale.ROOT))));
  }

  private ObjectNode answer(JsonNode job) {
    ObjectNode answer = NODES.objectNode();
    IBaseResource resource;
    try {
      resource = parser.parseResource(job.path("resource").toString());
    } catch (RuntimeException failure) {
      return answer.put("failure", failure.toString());
    }
    for (JsonNode parameter : job.path("parameters")) {
      JsonNode values;
      try {
        values = values(resource, parameter);
      } catch (Exception | LinkageError failure) {
        values = NODES.objectNode().put("failure", failure.toString());
      }
      if (!values.isEmpty()) {
        answer.set(parameter.path("code").asText(), values);
      }
    }
    return answer;
  }

  private ArrayNode values(IBaseResource resource, JsonNode parameter) throws Exception {
    ArrayNode values = NODES.arrayNode();
    for (JsonNode alternative : parameter.path("expressions")) {
      List<IBase> found = evaluate(resource, alternative.asText());
      for (int place = 0; place < found.size(); place++) {
        values.add(
            parameter.has("components")
                ? parts(resource, alternative.asText(), place, parameter.path("components"))
                : pair(found.get(place)));
      }
    }
    return values;
  }

  /** Evaluated on the resource, so that a component may ask for %resource. */
  private ArrayNode parts(IBaseResource resource, String expression, int place, JsonNode components) throws Exception {
    ArrayNode element = NODES.arrayNode();
    for (JsonNode component : components) {
      ArrayNode part = element.addArray();
      String path = "(%s).skip(%d).take(1).select(%s)".formatted(expression, place, component.asText());
      evaluate(resource, path).forEach(value -> part.add(pair(value)));
    }
    return element;
  }

  private List<IBase> evaluate(IBaseResource resource, String expression) throws Exception {
    IFhirPath.IParsedExpression ready = parsed.get(expression);
    if (ready == null) {
      ready = engine.parse(expression);
      parsed.put(expression, ready);
    }
    return engine.evaluate(resource, ready, IBase.class);
  }

  private ArrayNode pair(IBase value) {
    ArrayNode pair = NODES.arrayNode().add(value.fhirType());
    try {
      if (value instanceof IPrimitiveType<?> primitive) {
        return pair.add(primitive.getValueAsString());
      }
      if (value instanceof IBaseResource resource) {
        return pair.add(NODES.objectNode().put("id", resource.getIdElement().getIdPart()));
      }
      return pair.add(JSON.readTree(parser.encodeToString(value)));
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Fetches nothing: a reference gives an empty resource of the type that it names. */
  private final class NamedResources implements IFhirPathEvaluationContext {
    @Override
    public IBase resolveReference(IIdType reference, IBase referring) {
      String type = reference.getResourceType();
      return type != null && context.getResourceTypes().contains(type)
          ? context.getResourceDefinition(type).newInstance()
          : null;
    }
  }
}
